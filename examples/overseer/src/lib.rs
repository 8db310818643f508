// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The `overseer` example: a trusted service that looks at the platform through `arcella:platform/control`.

use crate::arcella::platform::control;
use crate::exports::examples::overseer::desk::Guest;

wit_bindgen::generate!({
    world: "examples:overseer/overseer",
    path: ["../../wit/platform", "wit"],
    generate_all,
});

struct Overseer;

export!(Overseer);

impl Guest for Overseer {
    fn report() -> Vec<String> {
        let line = |d: control::Deployment| {
            format!(
                "{} {} {} {}/{}",
                d.id, d.component, d.state, d.ready, d.replicas
            )
        };
        control::deployments().into_iter().map(line).collect()
    }

    fn ask(deployment: String, function: String, arguments: String) -> Result<String, String> {
        control::call(&deployment, &function, &arguments)
    }

    fn last_events(count: u32) -> Vec<String> {
        let line = |e: control::Event| format!("{} {} {}", e.kind, e.subject, e.message);
        let line = |e: control::Event| line(e).trim_end().to_owned();
        control::events(count).into_iter().map(line).collect()
    }
}
