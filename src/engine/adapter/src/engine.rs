// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The process's one Wasmtime engine with the threads it needs: the epoch ticker, one tokio thread for the timers and
//! sockets of WASI, and (from the first HTTP server on) the HTTP threads.

use crate::error::{Code, DoorError, Result};
use crate::settings::{EngineSettings, EngineUse, engine_config};
use std::cell::{Cell, RefCell};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::ManuallyDrop;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;
use wasmtime::{Module, Precompiled};

/// More than one engine per process is refused (advisory qw58: type confusion between engines).
static ENGINE_EXISTS: AtomicBool = AtomicBool::new(false);

struct OnlyOne;

impl OnlyOne {
    fn claim() -> Result<Self> {
        if ENGINE_EXISTS.swap(true, Ordering::AcqRel) {
            return Err(DoorError::new(
                Code::Conflict,
                "this process has an engine already",
            ));
        }
        Ok(Self)
    }
}

impl Drop for OnlyOne {
    fn drop(&mut self) {
        ENGINE_EXISTS.store(false, Ordering::Release);
    }
}

pub struct Engine {
    // Fields drop in this order: threads first, the claim last.
    ticker: Mutex<Option<JoinHandle<()>>>,
    stop_ticker: Arc<AtomicBool>,
    http_threads: Mutex<Option<Arc<HttpThreads>>>,
    runtime: Option<tokio::runtime::Runtime>,
    pub(crate) shared: Arc<EngineShared>,
}

/// What components, instances and servers hold on to.
pub struct EngineShared {
    pub(crate) wasmtime: wasmtime::Engine,
    pub(crate) settings: EngineSettings,
    pub(crate) tokio: tokio::runtime::Handle,
    /// Tells one engine of the process from the next.
    serial: u64,
    _only_one: OnlyOne,
}

/// As long as it lives the thread is in the context.
#[must_use]
pub(crate) struct Visit {
    _guard: Option<tokio::runtime::EnterGuard<'static>>,
}

/// A thread's place in the tokio context of an engine. Without a destructor: at a thread's end tokio's own may be gone.
struct Entered {
    guard: ManuallyDrop<tokio::runtime::EnterGuard<'static>>,
}

thread_local! {
    /// The engine whose tokio context this thread is in; 0: none. Apart from the rest because it is read at every call.
    static ENTERED_SERIAL: Cell<u64> = const { Cell::new(0) };
    static ENTERED: RefCell<Option<Entered>> = const { RefCell::new(None) };
}
static NEXT_SERIAL: AtomicU64 = AtomicU64::new(1);

impl EngineShared {
    /// Puts this thread into the context of the engine's tokio, which timers and sockets of WASI look for. It stays
    /// there: entering and leaving around each poll is a tenth of a short call. But a thread that has a context of its own
    /// (one of HTTP, whose guest calls another) gets that back at the end of the visit: tokio wants them left in order.
    pub(crate) fn enter_tokio(&self) -> Visit {
        if ENTERED_SERIAL.get() == self.serial {
            return Visit { _guard: None };
        }
        leave_tokio();
        let elsewhere = tokio::runtime::Handle::try_current().is_ok();
        let guard = self.tokio.enter();
        // SAFETY: the guard's lifetime only says that the handle was borrowed to make it; it has a share of its own.
        let guard: tokio::runtime::EnterGuard<'static> = unsafe { std::mem::transmute(guard) };
        if elsewhere {
            return Visit {
                _guard: Some(guard),
            };
        }
        ENTERED_SERIAL.set(self.serial);
        ENTERED.set(Some(Entered {
            guard: ManuallyDrop::new(guard),
        }));
        Visit { _guard: None }
    }

    /// If it is this engine's context that the thread is in.
    fn leave_tokio(&self) {
        if ENTERED_SERIAL.get() == self.serial {
            leave_tokio();
        }
    }
}

fn leave_tokio() {
    ENTERED_SERIAL.set(0);
    if let Some(entered) = ENTERED.take() {
        drop(ManuallyDrop::into_inner(entered.guard));
    }
}

pub enum LoadedKind {
    Component(Component),
    Module(Module),
}

/// Loaded code with the engine it belongs to.
pub struct LoadedCode {
    pub(crate) shared: Arc<EngineShared>,
    pub(crate) code: LoadedKind,
}

impl LoadedCode {
    /// Of a component without a function or resource from outside.
    pub(crate) fn imports_nothing(&self) -> bool {
        let LoadedKind::Component(component) = &self.code else {
            return false;
        };
        let engine = &self.shared.wasmtime;
        component
            .component_type()
            .imports(engine)
            .all(|(_, import)| match &import.ty {
                ComponentItem::ComponentInstance(interface) => interface
                    .exports(engine)
                    .all(|(_, item)| matches!(item.ty, ComponentItem::Type(_))),
                ComponentItem::Type(_) => true,
                _ => false,
            })
    }
}

impl Engine {
    pub fn new(settings: EngineSettings) -> Result<Self> {
        let only_one = OnlyOne::claim()?;
        let config = engine_config(&settings);
        let wasmtime = wasmtime::Engine::new(&config)
            .map_err(|error| DoorError::engine("creating the engine", &error))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(16)
            .thread_name("arcella-wasi")
            .enable_all()
            .build()
            .map_err(|error| DoorError::new(Code::Io, format!("starting tokio: {error}")))?;
        let stop_ticker = Arc::new(AtomicBool::new(false));
        let ticker = if settings.engine_use == EngineUse::Compile {
            None
        } else {
            Some(spawn_ticker(
                wasmtime.clone(),
                settings.epoch_tick,
                stop_ticker.clone(),
            )?)
        };
        let shared = Arc::new(EngineShared {
            wasmtime,
            settings,
            tokio: runtime.handle().clone(),
            serial: NEXT_SERIAL.fetch_add(1, Ordering::Relaxed),
            _only_one: only_one,
        });
        Ok(Self {
            ticker: Mutex::new(ticker),
            stop_ticker,
            http_threads: Mutex::new(None),
            runtime: Some(runtime),
            shared,
        })
    }

    /// Native code for a component or a core module, as bytes that `load` takes.
    pub fn compile(&self, wasm: &[u8]) -> Result<Vec<u8>> {
        if self.shared.settings.engine_use != EngineUse::Compile {
            return Err(DoorError::new(
                Code::Conflict,
                "this engine does not compile: it was not made for EngineUse::Compile",
            ));
        }
        crate::describe::check_header(wasm)?;
        let engine = &self.shared.wasmtime;
        let compiled = if wasmparser::Parser::is_component(wasm) {
            engine.precompile_component(wasm)
        } else {
            engine.precompile_module(wasm)
        };
        compiled.map_err(|error| DoorError::new(Code::InvalidComponent, format!("{error:#}")))
    }

    /// # Safety
    /// The file holds what `compile` made and does not change: it is mapped and run.
    pub unsafe fn load(&self, file: File) -> Result<LoadedCode> {
        let kind = artifact_kind(&file)?;
        let engine = &self.shared.wasmtime;
        let refused = |error: wasmtime::Error| {
            let text = format!("the artifact does not fit this engine: {error:#}");
            DoorError::new(Code::Conflict, text)
        };
        // By this path the very file of the descriptor is mapped, and its pages are shared by all processes that run it.
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let mapped = File::open(&path).is_ok();
        // SAFETY: the caller's promise.
        let code = unsafe {
            match (kind, mapped) {
                (Precompiled::Component, true) => LoadedKind::Component(
                    Component::deserialize_file(engine, &path).map_err(refused)?,
                ),
                (Precompiled::Component, false) => {
                    let bytes = read_all(&file)?;
                    LoadedKind::Component(Component::deserialize(engine, bytes).map_err(refused)?)
                }
                (Precompiled::Module, _) => LoadedKind::Module(
                    Module::deserialize_open_file(engine, file).map_err(refused)?,
                ),
            }
        };
        Ok(LoadedCode {
            shared: self.shared.clone(),
            code,
        })
    }

    pub(crate) fn http_threads(&self) -> Result<Arc<HttpThreads>> {
        let mut threads = self.http_threads.lock().unwrap();
        if threads.is_none() {
            *threads = Some(Arc::new(HttpThreads::start(
                self.shared.settings.http_threads,
            )?));
        }
        Ok(threads.clone().unwrap())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shared.leave_tokio();
        self.stop_ticker.store(true, Ordering::Release);
        if let Some(ticker) = self.ticker.lock().unwrap().take() {
            ticker.thread().unpark();
            let _ = ticker.join();
        }
        *self.http_threads.lock().unwrap() = None;
        if let Some(runtime) = self.runtime.take() {
            // A blocking file operation of a guest must not hold up the end of the process.
            runtime.shutdown_background();
        }
    }
}

fn spawn_ticker(
    engine: wasmtime::Engine,
    tick: std::time::Duration,
    stop: Arc<AtomicBool>,
) -> Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name("arcella-epoch".into())
        .spawn(move || {
            while !stop.load(Ordering::Acquire) {
                std::thread::park_timeout(tick);
                engine.increment_epoch();
            }
        })
        .map_err(|error| DoorError::new(Code::Io, format!("starting the epoch ticker: {error}")))
}

/// For a sandbox without /proc: a private copy.
fn read_all(file: &File) -> Result<Vec<u8>> {
    let io =
        |error: std::io::Error| DoorError::new(Code::Io, format!("reading the artifact: {error}"));
    let length = file.metadata().map_err(io)?.len();
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut bytes, 0).map_err(io)?;
    Ok(bytes)
}

/// Reads the ELF header that Wasmtime wrote, as `Engine::detect_precompiled` does, but without the whole file in memory.
/// Only chooses the loader: that one checks everything again.
fn artifact_kind(file: &File) -> Result<Precompiled> {
    use wasmtime::component::__internal::wasmtime_environ::obj;
    const HEADER_BYTES: usize = 64;
    const OS_ABI: usize = 7;
    const FLAGS: std::ops::Range<usize> = 48..52;
    let mut head = [0; HEADER_BYTES];
    let foreign = || {
        DoorError::new(
            Code::InvalidComponent,
            "not a compiled artifact of this platform",
        )
    };
    file.read_exact_at(&mut head, 0).map_err(|_| foreign())?;
    if !head.starts_with(b"\x7fELF") || head[OS_ABI] != obj::ELFOSABI_WASMTIME {
        return Err(foreign());
    }
    let flags = u32::from_le_bytes(head[FLAGS].try_into().expect("four bytes"));
    if flags & obj::EF_WASMTIME_COMPONENT != 0 {
        Ok(Precompiled::Component)
    } else if flags & obj::EF_WASMTIME_MODULE != 0 {
        Ok(Precompiled::Module)
    } else {
        Err(foreign())
    }
}

/// Identifies what compiled code depends on: equal fingerprints can load each other's artifacts.
pub fn fingerprint(concurrency: bool, fuel: bool) -> Result<String> {
    let settings = EngineSettings {
        concurrency,
        fuel,
        engine_use: EngineUse::Compile,
        ..EngineSettings::default()
    };
    // Nothing is ever made from this engine, so the rule of one engine per process is not touched.
    let engine = wasmtime::Engine::new(&engine_config(&settings))
        .map_err(|error| DoorError::engine("reading the engine's fingerprint", &error))?;
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    Ok(format!(
        "wasmtime-48-{}-{}{}-{:016x}",
        std::env::consts::ARCH,
        if concurrency { "c" } else { "s" },
        if fuel { "f" } else { "e" },
        hasher.finish()
    ))
}

/// One single-threaded runtime per core: connections never move, nothing is stolen, no lock is shared.
pub(crate) struct HttpThreads {
    handles: Vec<tokio::runtime::Handle>,
    stop: tokio_util::sync::CancellationToken,
    threads: Vec<JoinHandle<()>>,
}

impl HttpThreads {
    fn start(count: usize) -> Result<Self> {
        let count = match count {
            0 => std::thread::available_parallelism().map_or(1, |n| n.get()),
            n => n,
        };
        let io = |error: std::io::Error| {
            DoorError::new(Code::Io, format!("starting an HTTP thread: {error}"))
        };
        let stop = tokio_util::sync::CancellationToken::new();
        let mut all = Self {
            handles: Vec::new(),
            stop,
            threads: Vec::new(),
        };
        for index in 0..count {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .max_blocking_threads(8)
                .build()
                .map_err(io)?;
            all.handles.push(runtime.handle().clone());
            let stop = all.stop.clone();
            let thread = std::thread::Builder::new()
                .name(format!("arcella-http-{index}"))
                .spawn(move || {
                    runtime.block_on(stop.cancelled());
                    runtime.shutdown_background();
                })
                .map_err(io)?;
            all.threads.push(thread);
        }
        Ok(all)
    }

    pub(crate) fn handles(&self) -> &[tokio::runtime::Handle] {
        &self.handles
    }
}

impl Drop for HttpThreads {
    fn drop(&mut self) {
        self.stop.cancel();
        for thread in self.threads.drain(..) {
            // The last share may be dropped on one of these threads.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}
