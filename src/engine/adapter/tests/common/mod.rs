// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What the tests share: an engine at a time (there is one per process), the example components, and a polling thread.
#![allow(dead_code)] // each test binary uses a part

pub mod random;

use arcella_engine::call::{Finished, GuestTask};
use arcella_engine::engine::{Engine, LoadedCode};
use arcella_engine::error::{CallOutcome, DoorError};
use arcella_engine::function;
use arcella_engine::import::ImportTarget;
use arcella_engine::instance::{Encoding, Instance};
use arcella_engine::link::Linked;
use arcella_engine::output::{Sink, Stream};
use arcella_engine::settings::{EngineSettings, EngineUse};
use arcella_engine::store::{Limits, Policy, Stdio};
use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

static ONE_ENGINE: Mutex<()> = Mutex::new(());

/// An engine with its turn.
pub struct Bench {
    pub engine: Engine,
    settings: EngineSettings,
    _turn: MutexGuard<'static, ()>,
}

pub fn bench() -> Bench {
    bench_with(EngineSettings::default())
}

pub fn bench_with(settings: EngineSettings) -> Bench {
    let turn = ONE_ENGINE.lock().unwrap_or_else(|e| e.into_inner());
    let settings = EngineSettings {
        instances_max: 64,
        http_threads: 2,
        ..settings
    };
    Bench {
        engine: Engine::new(settings.clone()).unwrap(),
        settings,
        _turn: turn,
    }
}

pub fn example(name: &str) -> Vec<u8> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../examples");
    let path = format!("{root}/{name}/{name}.wasm");
    std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

pub fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// As the compile helper does it, without claiming the process's engine.
pub fn compile(settings: &EngineSettings, wasm: &[u8]) -> Vec<u8> {
    let settings = EngineSettings {
        engine_use: EngineUse::Compile,
        ..settings.clone()
    };
    let engine = wasmtime::Engine::new(&arcella_engine::engine_config(&settings)).unwrap();
    if wasmparser::Parser::is_component(wasm) {
        engine.precompile_component(wasm).unwrap()
    } else {
        engine.precompile_module(wasm).unwrap()
    }
}

pub fn file_with(bytes: &[u8]) -> File {
    let path = std::env::temp_dir().join(format!(
        "arcella-test-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    let mut file = File::options()
        .create(true)
        .truncate(true)
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    std::fs::remove_file(&path).unwrap();
    file.write_all(bytes).unwrap();
    file
}

pub fn limits() -> Limits {
    Limits {
        memory_bytes: 64 << 20,
        fuel: None,
        call_timeout: Duration::from_secs(20),
    }
}

impl Bench {
    pub fn load(&self, wasm: &[u8]) -> LoadedCode {
        let artifact = compile(&self.settings, wasm);
        unsafe { self.engine.load(file_with(&artifact)) }.unwrap()
    }

    pub fn link(
        &self,
        wasm: &[u8],
        policy: Policy,
        limits: Limits,
    ) -> Result<Arc<Linked>, DoorError> {
        Linked::new(&self.load(wasm), policy, limits, None)
    }

    pub fn start(&self, wasm: &[u8], limits: Limits) -> Replica {
        self.start_with(wasm, Policy::default(), limits, None)
    }

    /// Imports that the host has no interface for lead to the target.
    pub fn start_with(
        &self,
        wasm: &[u8],
        policy: Policy,
        limits: Limits,
        target: Option<Arc<dyn ImportTarget>>,
    ) -> Replica {
        replica_of(Linked::new(&self.load(wasm), policy, limits, target).unwrap())
    }

    pub fn run(
        &self,
        wasm: &[u8],
        policy: Policy,
        timeout: Duration,
    ) -> (CallOutcome, Arc<Output>) {
        let linked = self.link(wasm, policy, limits()).unwrap();
        let output = Arc::new(Output::default());
        let task = GuestTask::run_command(linked, Stdio::Sink(output.clone()), timeout);
        (finish(task).outcome(), output)
    }
}

/// One more, each time.
pub fn replica_of(linked: Arc<Linked>) -> Replica {
    let output = Arc::new(Output::default());
    let task = GuestTask::start_instance(linked.clone(), Stdio::Sink(output.clone()));
    Replica {
        instance: finish(task).instance().unwrap(),
        linked,
        output,
    }
}

pub struct Replica {
    pub instance: Arc<Instance>,
    pub linked: Arc<Linked>,
    pub output: Arc<Output>,
}

impl Replica {
    pub fn task(
        &self,
        name: &str,
        encoding: Encoding,
        request: &[u8],
        timeout: Duration,
    ) -> GuestTask {
        let function = function::resolve(self.linked.functions(), name).unwrap();
        GuestTask::call(&self.instance, &function, encoding, request, timeout)
    }

    pub fn wave(&self, name: &str, arguments: &str) -> CallOutcome {
        finish(self.task(name, Encoding::Wave, arguments.as_bytes(), Duration::ZERO)).outcome()
    }

    /// The result's text of a call that must succeed.
    pub fn text(&self, name: &str, arguments: &str) -> String {
        let ended = self.wave(name, arguments);
        assert_eq!(ended.message, "", "{name}({arguments})");
        String::from_utf8(ended.payload).unwrap()
    }

    pub fn values(&self, name: &str, request: &[u8]) -> CallOutcome {
        self.encoded(name, Encoding::Values, request)
    }

    pub fn encoded(&self, name: &str, encoding: Encoding, request: &[u8]) -> CallOutcome {
        finish(self.task(name, encoding, request, Duration::ZERO)).outcome()
    }

    pub fn wave_within(&self, name: &str, arguments: &str, timeout: Duration) -> CallOutcome {
        finish(self.task(name, Encoding::Wave, arguments.as_bytes(), timeout)).outcome()
    }
}

/// Also inside of another one: what a guest imports may be another guest.
pub fn finish(mut task: GuestTask) -> Finished {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut cx = Context::from_waker(&waker);
    while !task.poll(&mut cx) {
        std::thread::park();
    }
    task.take()
}

#[derive(Default)]
pub struct Output {
    text: Mutex<[Vec<u8>; 2]>,
}

impl Output {
    pub fn of(&self, stream: Stream) -> String {
        String::from_utf8(self.text.lock().unwrap()[stream as usize].clone()).unwrap()
    }
}

impl Sink for Output {
    fn write(&self, stream: Stream, bytes: &[u8]) {
        self.text.lock().unwrap()[stream as usize].extend(bytes);
    }
}
