// Helpers on numbers in text, on distances and on closeness.

import { ExprError } from '../expr/values.js';
import { boolType, floatType, stringType } from '../expr/types.js';
import { isFloatOutOfRange, parseGoFloat } from '../util/go-number.js';
import { type HelperFamily, pure } from './family.js';

/** Mean radius of the earth, kilometres, as CrowdSec's library rounds it. */
const earthRadiusKm = 6371;

/** Atof, FloatApproxEqual and Distance. */
export const numberHelpers: HelperFamily = {
  Atof: {
    params: [stringType], returns: floatType,
    make: ({ log }) => (text: string) => {
      const value = parseGoFloat(text);
      if (value === null || isFloatOutOfRange(text, value)) log.warning(`Atof: '${text}' is not a float`);
      return value ?? 0;
    },
  },
  FloatApproxEqual: pure([floatType, floatType], boolType, (a: number, b: number) => Math.abs(a - b) < 1e-6),
  Distance: {
    params: [stringType, stringType, stringType, stringType], returns: floatType,
    make: ({ log }) => (lat1: string, lon1: string, lat2: string, lon2: string) => {
      const from = [degrees(lat1, 'lat1'), degrees(lon1, 'long1')] as const;
      const to = [degrees(lat2, 'lat2'), degrees(lon2, 'long2')] as const;
      // 0,0 is what an unknown place comes as: no distance is better than a false one.
      if ((from[0] === 0 && from[1] === 0) || (to[0] === 0 && to[1] === 0)) {
        log.debug('Distance: one of the places is 0,0, so the distance is taken as 0');
        return 0;
      }
      return haversineKm(from, to);
    },
  },
};

function degrees(text: string, name: string): number {
  const value = parseGoFloat(text);
  if (value === null || isFloatOutOfRange(text, value)) throw new ExprError(`${name} is not a float: '${text}'`);
  return value;
}

/** Distance on a sphere between two points of latitude and longitude, in the order of operations of the original. */
function haversineKm(from: readonly [number, number], to: readonly [number, number]): number {
  const radians = (value: number): number => (value * Math.PI) / 180;
  const lat1 = radians(from[0]);
  const lat2 = radians(to[0]);
  const a = Math.sin((lat2 - lat1) / 2) ** 2
    + Math.cos(lat1) * Math.cos(lat2) * Math.sin((radians(to[1]) - radians(from[1])) / 2) ** 2;
  return 2 * Math.atan2(Math.sqrt(a), Math.sqrt(1 - a)) * earthRadiusKm;
}
