// Sets the contrast of each defect, before anything is trained: the statistics of patches find it with a pixel AUROC of
// 0.88, on pictures that are used for nothing else. Writes contrasts.json.
//
//     node bench/defects/set-contrasts.mjs
import { writeFileSync } from 'node:fs';
import { defectsOf } from './defects.mjs';
import { maskedAuroc } from './measures.mjs';
import { learnPatches } from './patch-statistics.mjs';
import { drawPicture } from './picture.mjs';
import { smooth } from './smooth.mjs';

const wanted = 0.88;
const side = 64;
const seeds = { learned: 11, tried: 12 };
const count = { learned: 200, defective: 60, good: 30 };

const contrasts = {};
for (const [surface, kinds] of Object.entries(defectsOf)) {
  const draw = (seed, length, defect) =>
    Array.from({ length }, (_, i) => drawPicture(surface, side, seed, i, defect));
  const mapOf = learnPatches(draw(seeds.learned, count.learned));
  const look = ({ mask, ...picture }) => ({ mask, map: smooth(mapOf(picture), side) });
  const good = draw(seeds.tried, count.good).map(look);
  contrasts[surface] = {};
  for (const kind of kinds) {
    const found = (contrast) => {
      const all = [...draw(seeds.tried, count.defective, { kind, contrast }).map(look), ...good];
      const values = Float64Array.from(all.flatMap(({ map }) => [...map]));
      return maskedAuroc(
        values,
        all.flatMap(({ mask }) => [...mask]),
      );
    };
    let [low, high] = [0.02, 1];
    while (high - low > 0.005) {
      const middle = (low + high) / 2;
      if (found(middle) < wanted) low = middle;
      else high = middle;
    }
    contrasts[surface][kind] = Number(high.toFixed(3));
    console.log(`${surface}, ${kind}: contrast ${high.toFixed(3)}, pixel AUROC ${found(high).toFixed(3)}`);
  }
}
writeFileSync(new URL('contrasts.json', import.meta.url), `${JSON.stringify(contrasts, null, 2)}\n`);
