// All helper functions that expressions may call, by CrowdSec's names. One family a file.

import { decisionHelpers } from './decisions.js';
import type { HelperFamily } from './family.js';
import { fileHelpers } from './files.js';
import { geoHelpers } from './geo.js';
import { hostHelpers } from './host.js';
import { httpHelpers } from './http.js';
import { ipHelpers } from './ip.js';
import { jsonHelpers } from './json.js';
import { kvHelpers } from './kv.js';
import { listHelpers } from './lists.js';
import { numberHelpers } from './numbers.js';
import { stashHelpers } from './stashes.js';
import { stringHelpers } from './strings.js';
import { timeHelpers } from './times.js';
import { urlHelpers } from './url.js';
import { xmlHelpers } from './xml.js';

/** The 83 helpers of CrowdSec 1.7. Those that Palisade has not are in it too, marked `unsupported`. */
export const helperTable: HelperFamily = {
  ...stringHelpers, ...numberHelpers, ...listHelpers, ...ipHelpers, ...timeHelpers, ...jsonHelpers, ...xmlHelpers,
  ...kvHelpers, ...urlHelpers, ...fileHelpers, ...stashHelpers, ...geoHelpers, ...decisionHelpers, ...httpHelpers,
  ...hostHelpers,
};
