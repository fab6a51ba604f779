/** The style of the report: one column, system fonts, colours for light and dark. */
export const style = `
:root { color-scheme: light dark; --page: #f6f6f3; --card: #fff; --ink: #17171a; --soft: #62626a; --line: #e4e4df;
  --series-1: #2a78d6; --series-2: #d9541e; --series-3: #1c8a5a; --series-4: #9a4fc4; --series-5: #a07800; --series-6: #c2326e; }
@media (prefers-color-scheme: dark) { :root { --page: #131316; --card: #1c1c20; --ink: #f2f2ef; --soft: #a2a2aa;
  --line: #303036; --series-1: #5598e7; --series-2: #f0824f; --series-3: #4fc08d; --series-4: #c48be6; --series-5: #d4aa2e;
  --series-6: #ee7aa8; } }
* { box-sizing: border-box; margin: 0; }
body { background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 40px 20px 64px; display: grid; gap: 16px; }
h1 { font-size: 28px; line-height: 1.2; letter-spacing: -0.01em; }
h2 { font-size: 15px; font-weight: 600; }
#live { max-width: 1000px; margin: 0 auto -24px; padding: 20px 20px 0; color: var(--soft); font-size: 13px; }
header p, section > p, .nothing, figcaption, dt { color: var(--soft); font-size: 13px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px; min-width: 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 1px; background: var(--line);
  border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
.figures div { background: var(--card); padding: 14px 20px; }
dd { font-size: 22px; font-weight: 600; letter-spacing: -0.01em; white-space: nowrap; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 16px; align-items: start; }
.tables { columns: 2 400px; column-gap: 16px; }
.tables section { break-inside: avoid; margin-bottom: 16px; }
svg { display: block; width: 100%; height: auto; margin-top: 10px; font: 11px system-ui, sans-serif; }
.wide { overflow-x: auto; } .wide svg { min-width: 600px; }
.grid { stroke: var(--line); }
.axis { fill: var(--soft); font-variant-numeric: tabular-nums; }
.curve { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
${[1, 2, 3, 4, 5, 6].map((n) => `.series-${n} { --series: var(--series-${n}); }`).join(' ')}
.curve { stroke: var(--series); } circle { fill: var(--series); }
.hover rect { fill: transparent; } .hover line { stroke: var(--soft); stroke-dasharray: 2 3; visibility: hidden; }
.hover:hover line { visibility: visible; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; margin-top: 2px; }
.legend span::before { content: ''; display: inline-block; width: 14px; height: 3px; border-radius: 2px; margin-right: 7px;
  vertical-align: middle; background: var(--series); }
.grids { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 16px; margin-top: 12px; }
figure img { display: block; width: 100%; max-width: 560px; border-radius: 4px; image-rendering: pixelated; }
figcaption { margin-top: 6px; }
table { width: 100%; border-collapse: collapse; margin-top: 8px; font-size: 14px; }
th, td { padding: 5px 0; text-align: left; font-weight: 400; border-top: 1px solid var(--line); vertical-align: top; }
tr:first-child > * { border-top: 0; }
th { color: var(--soft); padding-right: 16px; width: 45%; }
thead th { color: var(--ink); font-weight: 600; width: auto; }
td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
`;
