// SPDX-License-Identifier: Apache-2.0 OR MIT

use crate::Random;

/// `f0`, `f1`... with random parameters, in an interface with the types that they need.
pub fn interface(random: &mut Random, functions: usize) -> String {
    let mut definitions = Definitions::default();
    let mut lines = Vec::new();
    for number in 0..functions {
        let count = 1 + random.below(5);
        let types: Vec<String> = (0..count).map(|_| definitions.ty(random, 3)).collect();
        let params: Vec<String> = types
            .iter()
            .enumerate()
            .map(|(place, ty)| format!("p{place}: {ty}"))
            .collect();
        let (params, types) = (params.join(", "), types.join(", "));
        lines.push(format!("f{number}: func({params}) -> tuple<{types}>;"));
    }
    definitions.lines.extend(lines);
    format!("interface all {{\n{}\n}}", definitions.lines.join("\n"))
}

#[derive(Default)]
struct Definitions {
    lines: Vec<String>,
    count: usize,
}

impl Definitions {
    fn name(&mut self) -> String {
        self.count += 1;
        format!("t{}", self.count)
    }

    fn ty(&mut self, random: &mut Random, depth: usize) -> String {
        const SCALARS: [&str; 13] = [
            "bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char",
            "string",
        ];
        if depth == 0 || random.below(4) == 0 {
            return random.pick(&SCALARS).to_owned();
        }
        let depth = depth - 1;
        match random.below(9) {
            0 | 1 => format!("list<{}>", self.ty(random, depth)),
            2 => format!("option<{}>", self.ty(random, depth)),
            3 => match random.below(4) {
                0 => "result".to_owned(),
                1 => format!("result<{}>", self.ty(random, depth)),
                2 => format!("result<_, {}>", self.ty(random, depth)),
                _ => format!(
                    "result<{}, {}>",
                    self.ty(random, depth),
                    self.ty(random, depth)
                ),
            },
            4 => {
                let count = 1 + random.below(4);
                let types: Vec<String> = (0..count).map(|_| self.ty(random, depth)).collect();
                format!("tuple<{}>", types.join(", "))
            }
            5 => {
                let count = 1 + random.below(6);
                let fields: Vec<String> = (0..count)
                    .map(|place| format!("x{place}: {}", self.ty(random, depth)))
                    .collect();
                self.define("record", &fields)
            }
            6 => {
                let bound = if random.below(20) == 0 { 300 } else { 5 };
                let count = 1 + random.below(bound);
                let cases: Vec<String> = (0..count)
                    .map(|place| match random.below(3) {
                        0 => format!("x{place}"),
                        _ if place > 5 => format!("x{place}"),
                        _ => format!("x{place}({})", self.ty(random, depth)),
                    })
                    .collect();
                self.define("variant", &cases)
            }
            7 => {
                let bound = if random.below(10) == 0 { 300 } else { 5 };
                let count = 1 + random.below(bound);
                let names: Vec<String> = (0..count).map(|place| format!("x{place}")).collect();
                self.define("enum", &names)
            }
            _ => {
                let count = 1 + random.below(32);
                let names: Vec<String> = (0..count).map(|place| format!("x{place}")).collect();
                self.define("flags", &names)
            }
        }
    }

    fn define(&mut self, what: &str, parts: &[String]) -> String {
        let name = self.name();
        self.lines
            .push(format!("{what} {name} {{ {} }}", parts.join(", ")));
        name
    }
}
