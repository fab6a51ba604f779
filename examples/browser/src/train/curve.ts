/** One look at a training. */
export interface Point {
  readonly seconds: number;
  readonly value: number;
}

const [width, height] = [360, 120];
const svg = 'http://www.w3.org/2000/svg';

/** Bits per value over time: a thin line for the training pictures, a thick one for the held-out pictures. */
export function createCurve() {
  const element = document.createElementNS(svg, 'svg');
  element.setAttribute('viewBox', `0 0 ${width} ${height}`);
  element.setAttribute('class', 'curve');
  element.setAttribute('role', 'img');
  const training = line('training');
  const heldOut = line('held-out');
  element.append(training, heldOut);

  return {
    element,
    show(lines: { readonly training: readonly Point[]; readonly heldOut: readonly Point[] }): void {
      const all = [...lines.training, ...lines.heldOut];
      const values = all.map(({ value }) => value);
      const [least, most] = [Math.min(...values), Math.max(...values)];
      const last = Math.max(...all.map(({ seconds }) => seconds), 1);
      const place = ({ seconds, value }: Point) => {
        const [x, y] = [seconds / last, (most - value) / (most - least || 1)];
        return `${(x * width).toFixed(1)},${(4 + y * (height - 8)).toFixed(1)}`;
      };
      training.setAttribute('points', lines.training.map(place).join(' '));
      heldOut.setAttribute('points', lines.heldOut.map(place).join(' '));
      const [from, to] = [lines.heldOut[0], lines.heldOut.at(-1)];
      const change = `held-out pictures from ${from?.value.toFixed(2)} to ${to?.value.toFixed(2)}`;
      element.setAttribute('aria-label', `Bits per value over time: ${change}`);
    },
  };
}

function line(name: string): SVGPolylineElement {
  const element = document.createElementNS(svg, 'polyline');
  element.setAttribute('class', name);
  return element;
}
