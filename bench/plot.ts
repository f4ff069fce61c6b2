// Bars as SVG, one row each: enough to see which is longer. No axis lies: every bar begins at zero.

/** One bar. */
export interface Bar {
  readonly label: string;
  readonly value: number;
}

const barHeight = 22;
const labelWidth = 300;
const barWidthMax = 480;

/** The text of an SVG file. */
export function barChart(title: string, unit: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ value }) => value), 1);
  const rows = bars.map(({ label, value }, index) => {
    const y = 40 + index * (barHeight + 6);
    return `  <text x="${labelWidth - 8}" y="${y + 15}" text-anchor="end">${escaped(label)}</text>
  <rect x="${labelWidth}" y="${y}" width="${((value / most) * barWidthMax).toFixed(1)}" height="${barHeight}" fill="#3b6ea5"/>
  <text x="${(labelWidth + (value / most) * barWidthMax + 6).toFixed(1)}" y="${y + 15}">${Math.round(value).toLocaleString('en')}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="${60 + bars.length * (barHeight + 6)}" font-family="sans-serif" font-size="13">
  <text x="10" y="24" font-size="15">${escaped(title)} (${escaped(unit)})</text>
${rows.join('\n')}
</svg>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
