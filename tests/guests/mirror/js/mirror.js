// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A test's mirror: `echo` gives back what it is given, `relayed` asks the imported `echo` (see
// ../wit/mirror.wit). script/guests builds it.
import * as other from 'tests:mirror/echo@1.0.0';

const names = [
  'Bool', 'S8', 'U8', 'S16', 'U16', 'S32', 'U32', 'S64', 'U64', 'F32', 'F64', 'Char', 'String', 'Bytes', 'Numbers',
  'Strings', 'Lists', 'Record', 'Tuple', 'Variant', 'Enum', 'Flags', 'Option', 'Options', 'Nested',
];

export const echo = {};
export const relayed = {};
for (const name of names) {
  echo[`of${name}`] = (x) => x;
  relayed[`of${name}`] = (x) => other[`of${name}`](x);
}

// A result that is given is an object; one that is returned, what it says: an error is thrown.
for (const name of ['Result', 'Verdict', 'BareResult']) {
  echo[`of${name}`] = (x) => {
    if (x.tag === 'err') throw { payload: x.val };
    return x.val;
  };
  relayed[`of${name}`] = (x) => other[`of${name}`](x);
}

echo.ofMany = (a, b, c, d, e, f, g, h, i, j, k, l, m, n) => ({ a, b, c, d, e, f, g, h, i, j, k, l, m, n });
relayed.ofMany = (...all) => other.ofMany(...all);
