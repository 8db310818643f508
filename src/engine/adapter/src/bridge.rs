// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The cxx bridge: what C++ sees of the adapter, and where panics end. No logic here.

use crate::call::{Begun, GuestTask};
use crate::error::{CallOutcome, Code, DoorError, Outcome, panic_text};
use crate::import::{self, Cancel, Reply};
use crate::instance::Encoding;
use crate::output::{Sink, Stream};
use crate::settings::{EngineSettings, EngineUse, GuestBounds};
use crate::store::{Limits, Mount, Policy, Stdio};
use crate::{
    call, compose, describe, direct, engine, function, http_server, instance, item, key_value,
    link, wrap,
};
use cxx::SharedPtr;
use std::fmt;
use std::fs::File;
use std::os::fd::{FromRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, RawWaker, RawWakerVTable, Wake, Waker};
use std::time::Duration;

#[cxx::bridge(namespace = "arcella::engine::door")]
pub mod ffi {
    struct Settings {
        concurrency: bool,
        fuel: bool,
        /// 0 serve, 1 run once, 2 compile.
        engine_use: u8,
        instances_max: u32,
        http_threads: u32,
        epoch_tick_ms: u64,
        hostcall_fuel: u64,
        resource_table_max: u32,
        random_bytes_max: u64,
        http_header_timeout_ms: u64,
    }

    struct StringPair {
        first: String,
        second: String,
    }

    struct MountEntry {
        host: String,
        guest: String,
        writable: bool,
    }

    struct Policy {
        program: String,
        args: Vec<String>,
        env: Vec<StringPair>,
        mounts: Vec<MountEntry>,
        allowed_hosts: Vec<String>,
        config: Vec<StringPair>,
        /// Null: there are no buckets.
        key_value: SharedPtr<KeyValueTarget>,
    }

    enum KeyValueOperation {
        /// The entry is a bucket's name; the answer's number is 0 if there is none.
        Open,
        /// The answer has an entry for each key.
        Get,
        /// The answer's number is 0 if it is not there.
        Exists,
        Set,
        Remove,
        /// From the number on; the answer's is where to go on, 0 at the end.
        List,
        /// By the number; the answer has the new one.
        Increment,
    }

    struct KeyValueEntry {
        key: String,
        value: Vec<u8>,
        /// Whether there is a value.
        present: bool,
    }

    struct KeyValueRequest {
        operation: KeyValueOperation,
        entries: Vec<KeyValueEntry>,
        number: u64,
    }

    struct Limits {
        memory_bytes: u64,
        has_fuel: bool,
        fuel: u64,
        call_timeout_ms: u64,
    }

    struct TypeEntry {
        name: String,
        definition: String,
        shape: String,
    }

    struct ItemEntry {
        name: String,
        functions: Vec<String>,
        shapes: Vec<String>,
        types: Vec<TypeEntry>,
    }

    struct ImportEntry {
        interface: String,
        name: String,
        /// Whether it takes or gives handles.
        handles: bool,
    }

    struct Described {
        is_component: bool,
        /// 0 service, 1 command, 2 http.
        kind: u8,
        runnable: bool,
        needs_concurrency: bool,
        metadata_name: String,
        metadata_version: String,
        imports: Vec<ItemEntry>,
        exports: Vec<ItemEntry>,
        wit: String,
    }

    /// What a call that did not return has to tell.
    struct Failure {
        exit_status: i32,
        message: String,
        backtrace: String,
    }

    struct Counters {
        requests: u64,
        failed: u64,
        connections: u64,
        in_flight: u64,
    }

    unsafe extern "C++" {
        include!("upcalls.h");

        type TaskWaker;
        fn wake(self: &TaskWaker);
        fn share(self: &TaskWaker) -> SharedPtr<TaskWaker>;

        type OutputTarget;
        fn write(self: &OutputTarget, stream: u8, bytes: &[u8]);

        type CallEnd;
        fn returned(self: &CallEnd, payload: Vec<u8>);
        fn failed(self: &CallEnd, outcome: u8, exit_status: i32, message: &str, backtrace: &str);
        fn pending(self: &CallEnd, task: Box<Task>);

        type ImportCall;
        fn cancel(self: &ImportCall);
        type ImportTarget;
        fn call(
            self: &ImportTarget,
            function: u32,
            arguments: &[u8],
            timeout_ms: u64,
            reply: usize,
        ) -> SharedPtr<ImportCall>;
        fn drop_handles(self: &ImportTarget, numbers: &[u64]);

        type CalleeKeeper;
        fn failed(
            self: &CalleeKeeper,
            function: &str,
            outcome: u8,
            exit_status: i32,
            message: &str,
            backtrace: &str,
        );
        fn holds_thread(self: &CalleeKeeper, holds: bool);
        /// The replica was removed, and its last direct call has ended.
        fn left(self: &CalleeKeeper);

        type KeyValueTarget;
        fn ask(self: &KeyValueTarget, request: KeyValueRequest, reply: Box<KeyValueReply>);

        type StopListener;
        fn stopped(self: &StopListener);
    }

    extern "Rust" {
        type Composer;
        type Engine;
        type LoadedCode;
        type Linked;
        type Instance;
        type Callees;
        type Wires;
        type Function;
        type Task;
        type Server;
        type KeyValueReply;

        fn fingerprint(concurrency: bool, fuel: bool) -> Result<String>;
        fn describe_wasm(wasm: &[u8]) -> Result<Described>;
        fn host_offers(import: &str) -> bool;

        fn wrap_module(module: &[u8], wit: &str) -> Result<Vec<u8>>;

        fn new_composer() -> Box<Composer>;
        fn add(self: &mut Composer, wasm: &[u8]);
        fn join(self: &mut Composer, into: usize, import: &str, from: usize, exported: &str);
        fn compose(self: &Composer, bytes_max: usize) -> Result<Vec<u8>>;

        fn new_engine(settings: &Settings) -> Result<Box<Engine>>;
        fn compile(self: &Engine, wasm: &[u8]) -> Result<Vec<u8>>;
        /// Takes the descriptor. The file holds what `compile` made and does not change.
        unsafe fn load(self: &Engine, fd: i32) -> Result<Box<LoadedCode>>;

        /// A null `imports`: there is nobody for what the host does not offer.
        fn link(
            self: &LoadedCode,
            policy: &Policy,
            limits: &Limits,
            imports: SharedPtr<ImportTarget>,
        ) -> Result<Box<Linked>>;
        /// In the order of their numbers.
        fn imported(self: &Linked) -> Vec<ImportEntry>;
        /// Those of its functions that lead to the import target, by number.
        fn wires(self: &Linked) -> Box<Wires>;
        /// Unbinds it if the function is not called directly with these values.
        fn bind(self: &Wires, number: u32, callees: &Callees, function: &str);
        fn unbind(self: &Wires, number: u32);
        fn callees(self: &Linked, call_timeout_ms: u64) -> Box<Callees>;
        /// Whether other guests may call it directly; else the rest does nothing.
        fn possible(self: &Callees) -> bool;
        fn add(self: &Callees, instance: &Instance, keeper: SharedPtr<CalleeKeeper>);
        fn remove(self: &Callees, instance: &Instance);
        /// Ends a call of an import: one of these, once, with what `ImportTarget::call` was given as its reply. That is a
        /// word, which C++ can carry in a callback without an allocation.
        unsafe fn import_returned(reply: usize, payload: &[u8]);
        /// Text that need not be UTF-8.
        unsafe fn import_failed(reply: usize, message: &[u8]);

        /// An entry of the answer. The key is UTF-8.
        fn add(self: &mut KeyValueReply, key: &[u8], value: &[u8], present: bool);
        fn answered(self: &mut KeyValueReply, number: u64);
        /// Text that need not be UTF-8.
        fn refused(self: &mut KeyValueReply, message: &[u8]);

        fn start_instance(self: &Linked, output: SharedPtr<OutputTarget>) -> Box<Task>;
        /// A null `output`: the process's own stdio.
        fn run_command(
            self: &Linked,
            output: SharedPtr<OutputTarget>,
            timeout_ms: u64,
        ) -> Box<Task>;
        /// Takes the descriptor, also on failure.
        unsafe fn serve_http(
            self: &Linked,
            engine: &Engine,
            fd: i32,
            output: SharedPtr<OutputTarget>,
            connections_max: u32,
            concurrent_max: u32,
        ) -> Result<Box<Server>>;

        fn resolve(self: &Instance, name: &str) -> Result<Box<Function>>;
        /// `encoding`: 0 WAVE text, 1 MessagePack, 2 an arena, 3 an arena with handles. A result that fits is written to `room`, and its length given back;
        /// anything else is told to `end` before this returns a larger number. Plain pointers, to so many bytes that
        /// live until then: C++ builds and takes apart a slice by calls, which costs as much as the crossing.
        unsafe fn call_now(
            self: &Instance,
            function: &Function,
            encoding: u8,
            arguments: *const u8,
            arguments_bytes: usize,
            timeout_ms: u64,
            waker: &TaskWaker,
            room: *mut u8,
            room_bytes: usize,
            end: &CallEnd,
        ) -> usize;
        /// Ends the resources of handles that were dropped. True: that is done; else `end` is told.
        fn settle_now(self: &Instance, waker: &TaskWaker, end: &CallEnd) -> bool;
        /// True: `settle_now` has to be called.
        fn drop_handles(self: &Instance, numbers: &[u64]) -> bool;
        fn lent_handles(self: &Instance) -> u64;
        fn holder(self: &Instance) -> u32;
        fn alive(self: &Instance) -> bool;
        fn memory_bytes(self: &Instance) -> u64;
        fn close(self: &Instance);
        fn direct_calls(self: &Instance) -> u64;
        fn in_direct_call(self: &Instance) -> bool;
        fn cut_direct_call(self: &Instance);

        fn poll(self: &mut Task, waker: &TaskWaker) -> bool;
        fn cancel(self: &mut Task);
        /// How it ended, as engine::Outcome.
        fn outcome(self: &Task) -> u8;
        /// The encoded results, until the task is given back or dropped.
        fn payload(self: &Task) -> &[u8];
        fn failure(self: &Task) -> Failure;
        fn take_instance(self: &mut Task) -> Result<Box<Instance>>;

        fn stop(self: &Server, deadline_ms: u64, listener: SharedPtr<StopListener>);
        fn set_concurrent_max(self: &Server, concurrent_max: u32);
        fn statistics(self: &Server) -> Counters;
        fn last_failure(self: &Server) -> String;
    }
}

#[derive(Default)]
pub struct Composer {
    members: Vec<Vec<u8>>,
    plugs: Vec<compose::Plug>,
}
pub struct Engine(engine::Engine);
pub struct LoadedCode(engine::LoadedCode);
pub struct Linked(Arc<link::Linked>);
pub struct Instance(Arc<instance::Instance>);
pub struct Callees(Option<Arc<direct::Callees>>);
pub struct Wires(Arc<[Arc<direct::Wire>]>);
pub struct Function(Arc<function::Function>);
pub struct Task(GuestTask);
pub struct Server(http_server::HttpServer);
pub struct KeyValueReply {
    /// None once it was used.
    reply: Option<key_value::Reply>,
    entries: Vec<ffi::KeyValueEntry>,
}

/// An error on its way to C++: code, message and detail in the exception's text, taken apart again in `door.cc`.
pub struct Thrown(DoorError);

const SEPARATOR: char = '\u{1f}';

impl fmt::Display for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DoorError {
            code,
            message,
            detail,
        } = &self.0;
        write!(f, "{code:?}{SEPARATOR}{message}{SEPARATOR}{detail}")
    }
}

/// Where a panic becomes an error.
fn entry<T>(body: impl FnOnce() -> crate::error::Result<T>) -> Result<T, Thrown> {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(result) => result.map_err(Thrown),
        Err(panic) => Err(Thrown(DoorError::new(Code::Internal, panic_text(&*panic)))),
    }
}

/// The same for entries that cannot fail otherwise.
fn guarded<T>(otherwise: impl FnOnce(String) -> T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| otherwise(panic_text(&*panic)))
}

fn fingerprint(concurrency: bool, fuel: bool) -> Result<String, Thrown> {
    entry(|| engine::fingerprint(concurrency, fuel))
}

fn describe_wasm(wasm: &[u8]) -> Result<ffi::Described, Thrown> {
    let of_type = |named: item::NamedType| ffi::TypeEntry {
        name: named.name,
        definition: named.definition,
        shape: named.shape,
    };
    let of_item = |item: item::Item| ffi::ItemEntry {
        name: item.name,
        functions: item.functions,
        shapes: item.shapes,
        types: item.types.into_iter().map(of_type).collect(),
    };
    let items = |items: Vec<item::Item>| items.into_iter().map(of_item).collect();
    entry(|| {
        let described = describe::describe(wasm)?;
        Ok(ffi::Described {
            is_component: described.is_component,
            kind: described.kind as u8,
            runnable: described.runnable,
            needs_concurrency: described.needs_concurrency,
            metadata_name: described.metadata_name,
            metadata_version: described.metadata_version,
            imports: items(described.imports),
            exports: items(described.exports),
            wit: described.wit,
        })
    })
}

fn host_offers(import: &str) -> bool {
    guarded(|_| false, || link::host_offers(import))
}

fn wrap_module(module: &[u8], wit: &str) -> Result<Vec<u8>, Thrown> {
    entry(|| wrap::wrap(module, wit))
}

fn new_composer() -> Box<Composer> {
    Box::default()
}

impl Composer {
    fn add(&mut self, wasm: &[u8]) {
        self.members.push(wasm.to_vec());
    }

    fn join(&mut self, into: usize, import: &str, from: usize, exported: &str) {
        self.plugs.push(compose::Plug {
            into,
            import: import.to_owned(),
            from,
            exported: exported.to_owned(),
        });
    }

    fn compose(&self, bytes_max: usize) -> Result<Vec<u8>, Thrown> {
        entry(|| compose::compose(&self.members, &self.plugs, bytes_max))
    }
}

fn new_engine(settings: &ffi::Settings) -> Result<Box<Engine>, Thrown> {
    let settings = EngineSettings {
        concurrency: settings.concurrency,
        fuel: settings.fuel,
        engine_use: match settings.engine_use {
            0 => EngineUse::Serve,
            1 => EngineUse::RunOnce,
            _ => EngineUse::Compile,
        },
        instances_max: settings.instances_max,
        http_threads: settings.http_threads as usize,
        epoch_tick: Duration::from_millis(settings.epoch_tick_ms),
        guest: GuestBounds {
            hostcall_fuel: usize::try_from(settings.hostcall_fuel).unwrap_or(usize::MAX),
            resource_table_max: settings.resource_table_max as usize,
            random_bytes_max: settings.random_bytes_max,
        },
        http_header_timeout: Duration::from_millis(settings.http_header_timeout_ms),
    };
    entry(|| Ok(Box::new(Engine(engine::Engine::new(settings)?))))
}

impl Engine {
    fn compile(&self, wasm: &[u8]) -> Result<Vec<u8>, Thrown> {
        entry(|| self.0.compile(wasm))
    }

    unsafe fn load(&self, fd: i32) -> Result<Box<LoadedCode>, Thrown> {
        // SAFETY: the caller gives the descriptor away, and vouches for what is behind it.
        let file = File::from(unsafe { OwnedFd::from_raw_fd(fd) });
        entry(|| Ok(Box::new(LoadedCode(unsafe { self.0.load(file) }?))))
    }
}

impl LoadedCode {
    fn link(
        &self,
        policy: &ffi::Policy,
        limits: &ffi::Limits,
        imports: SharedPtr<ffi::ImportTarget>,
    ) -> Result<Box<Linked>, Thrown> {
        let policy = Policy {
            program: policy.program.clone(),
            args: policy.args.clone(),
            env: pairs(&policy.env),
            mounts: policy
                .mounts
                .iter()
                .map(|mount| Mount {
                    host: mount.host.clone(),
                    guest: mount.guest.clone(),
                    writable: mount.writable,
                })
                .collect(),
            allowed_hosts: policy.allowed_hosts.clone(),
            config: pairs(&policy.config),
            key_value: (!policy.key_value.is_null()).then(|| {
                let target = CxxKeyValue(policy.key_value.clone());
                Arc::new(target) as Arc<dyn key_value::KeyValue>
            }),
        };
        let limits = Limits {
            memory_bytes: limits.memory_bytes,
            fuel: limits.has_fuel.then_some(limits.fuel),
            call_timeout: Duration::from_millis(limits.call_timeout_ms),
        };
        let target = (!imports.is_null())
            .then(|| Arc::new(CxxTarget(imports)) as Arc<dyn import::ImportTarget>);
        entry(|| {
            Ok(Box::new(Linked(link::Linked::new(
                &self.0, policy, limits, target,
            )?)))
        })
    }
}

fn pairs(pairs: &[ffi::StringPair]) -> Vec<(String, String)> {
    let pairs = pairs.iter();
    pairs
        .map(|pair| (pair.first.clone(), pair.second.clone()))
        .collect()
}

/// A C++ sink. C++ keeps it alive as long as any share is, and its `write` is thread-safe by contract.
struct CxxSink(SharedPtr<ffi::OutputTarget>);

// SAFETY: see above; the interface says "any thread".
unsafe impl Send for CxxSink {}
unsafe impl Sync for CxxSink {}

impl Sink for CxxSink {
    fn write(&self, stream: Stream, bytes: &[u8]) {
        self.0.write(stream as u8, bytes);
    }
}

/// Whom C++ bound the imports to. C++ keeps it alive as long as any share is, and it is thread-safe by contract.
struct CxxTarget(SharedPtr<ffi::ImportTarget>);

// SAFETY: see above; the interface says "any thread".
unsafe impl Send for CxxTarget {}
unsafe impl Sync for CxxTarget {}

struct CxxCall(SharedPtr<ffi::ImportCall>);

// SAFETY: as for the target.
unsafe impl Send for CxxCall {}

impl import::ImportTarget for CxxTarget {
    fn call(
        &self,
        function: u32,
        request: &[u8],
        timeout: Duration,
        reply: Reply,
    ) -> Option<Cancel> {
        // Rounded up: less than a millisecond is not "no deadline".
        let part_ms = u64::from(timeout.subsec_nanos().div_ceil(1_000_000));
        let timeout_ms = timeout
            .as_secs()
            .saturating_mul(1000)
            .saturating_add(part_ms);
        let reply = reply.into_raw().expose_provenance();
        let call = CxxCall(self.0.call(function, request, timeout_ms, reply));
        if call.0.is_null() {
            return None;
        }
        Some(Box::new(move || {
            let call = call;
            if let Some(call) = call.0.as_ref() {
                call.cancel();
            }
        }))
    }

    fn drop_handles(&self, numbers: &[u64]) {
        self.0.drop_handles(numbers);
    }
}

/// # Safety
/// See the declaration.
unsafe fn end_import(reply: usize, result: Result<&[u8], String>) {
    // SAFETY: the caller's promise.
    let reply = unsafe { Reply::from_raw(std::ptr::with_exposed_provenance(reply)) };
    guarded(|_| (), move || reply.end(result));
}

unsafe fn import_returned(reply: usize, payload: &[u8]) {
    unsafe { end_import(reply, Ok(payload)) };
}

unsafe fn import_failed(reply: usize, message: &[u8]) {
    let message = String::from_utf8_lossy(message).into_owned();
    unsafe { end_import(reply, Err(message)) };
}

/// Who looks after a replica. C++ keeps it alive as long as any share is, and it is thread-safe by contract.
struct CxxKeeper(SharedPtr<ffi::CalleeKeeper>);

// SAFETY: see above; the interface says "any thread".
unsafe impl Send for CxxKeeper {}
unsafe impl Sync for CxxKeeper {}

impl direct::Keeper for CxxKeeper {
    fn failed(&self, function: &str, failed: &CallOutcome) {
        self.0.failed(
            function,
            failed.outcome as u8,
            failed.exit_status,
            &failed.message,
            &failed.backtrace,
        );
    }

    fn holds_thread(&self, holds: bool) {
        self.0.holds_thread(holds);
    }
}

impl Drop for CxxKeeper {
    fn drop(&mut self) {
        self.0.left();
    }
}

impl Callees {
    fn possible(&self) -> bool {
        self.0.is_some()
    }

    fn add(&self, instance: &Instance, keeper: SharedPtr<ffi::CalleeKeeper>) {
        let keeper = Box::new(CxxKeeper(keeper));
        match &self.0 {
            Some(callees) => callees.add(&instance.0, keeper),
            None => drop(keeper),
        }
    }

    fn remove(&self, instance: &Instance) {
        if let Some(callees) = &self.0 {
            guarded(|_| (), || callees.remove(&instance.0));
        }
    }
}

impl Wires {
    fn bind(&self, number: u32, callees: &Callees, function: &str) {
        match (self.0.get(number as usize), &callees.0) {
            (Some(wire), Some(callees)) => {
                wire.bind(callees, function);
            }
            _ => self.unbind(number),
        }
    }

    fn unbind(&self, number: u32) {
        if let Some(wire) = self.0.get(number as usize) {
            wire.unbind();
        }
    }
}

/// Who keeps a deployment's keys. C++ keeps it alive as long as any share is, and it is thread-safe by contract.
struct CxxKeyValue(SharedPtr<ffi::KeyValueTarget>);

// SAFETY: see above; the interface says "any thread".
unsafe impl Send for CxxKeyValue {}
unsafe impl Sync for CxxKeyValue {}

impl fmt::Debug for CxxKeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CxxKeyValue")
    }
}

impl key_value::KeyValue for CxxKeyValue {
    fn ask(&self, request: ffi::KeyValueRequest, reply: key_value::Reply) {
        let reply = KeyValueReply {
            reply: Some(reply),
            entries: Vec::new(),
        };
        self.0.ask(request, Box::new(reply));
    }
}

impl KeyValueReply {
    fn end(&mut self, result: Result<key_value::Answer, String>) {
        if let Some(reply) = self.reply.take() {
            guarded(|_| (), || reply.end(result));
        }
    }

    fn add(&mut self, key: &[u8], value: &[u8], present: bool) {
        match str::from_utf8(key) {
            Ok(key) => self.entries.push(ffi::KeyValueEntry {
                key: key.to_owned(),
                value: value.to_vec(),
                present,
            }),
            // A guest has given it as text: the file is damaged.
            Err(_) => self.end(Err("a key is no text".to_owned())),
        }
    }

    fn answered(&mut self, number: u64) {
        let entries = std::mem::take(&mut self.entries);
        self.end(Ok(key_value::Answer { entries, number }));
    }

    fn refused(&mut self, message: &[u8]) {
        self.end(Err(String::from_utf8_lossy(message).into_owned()));
    }
}

fn stdio(output: SharedPtr<ffi::OutputTarget>) -> Stdio {
    if output.is_null() {
        Stdio::Inherit
    } else {
        Stdio::Sink(Arc::new(CxxSink(output)))
    }
}

impl Linked {
    fn imported(&self) -> Vec<ffi::ImportEntry> {
        let imported = self.0.imported().iter();
        imported
            .map(|function| ffi::ImportEntry {
                interface: function.interface.clone(),
                name: function.name.clone(),
                handles: function.handles,
            })
            .collect()
    }

    fn wires(&self) -> Box<Wires> {
        Box::new(Wires(self.0.wires().clone()))
    }

    fn callees(&self, call_timeout_ms: u64) -> Box<Callees> {
        let timeout = Duration::from_millis(call_timeout_ms);
        Box::new(Callees(direct::Callees::of(&self.0, timeout)))
    }

    fn start_instance(&self, output: SharedPtr<ffi::OutputTarget>) -> Box<Task> {
        Box::new(Task(GuestTask::start_instance(
            self.0.clone(),
            stdio(output),
        )))
    }

    fn run_command(&self, output: SharedPtr<ffi::OutputTarget>, timeout_ms: u64) -> Box<Task> {
        let timeout = Duration::from_millis(timeout_ms);
        Box::new(Task(GuestTask::run_command(
            self.0.clone(),
            stdio(output),
            timeout,
        )))
    }

    unsafe fn serve_http(
        &self,
        engine: &Engine,
        fd: i32,
        output: SharedPtr<ffi::OutputTarget>,
        connections_max: u32,
        concurrent_max: u32,
    ) -> Result<Box<Server>, Thrown> {
        // SAFETY: the caller gives the descriptor away.
        let listener = std::net::TcpListener::from(unsafe { OwnedFd::from_raw_fd(fd) });
        entry(|| {
            Ok(Box::new(Server(http_server::HttpServer::start(
                &engine.0,
                self.0.clone(),
                listener,
                stdio(output),
                connections_max as usize,
                concurrent_max as usize,
            )?)))
        })
    }
}

impl Instance {
    fn resolve(&self, name: &str) -> Result<Box<Function>, Thrown> {
        entry(|| {
            Ok(Box::new(Function(function::resolve(
                self.0.linked.functions(),
                name,
            )?)))
        })
    }

    #[allow(clippy::too_many_arguments)] // see the declaration
    unsafe fn call_now(
        &self,
        function: &Function,
        encoding: u8,
        arguments: *const u8,
        arguments_bytes: usize,
        timeout_ms: u64,
        waker: &ffi::TaskWaker,
        room: *mut u8,
        room_bytes: usize,
        end: &ffi::CallEnd,
    ) -> usize {
        const TOLD: usize = usize::MAX;
        let arguments = match arguments_bytes {
            // C++ has no bytes by a null pointer.
            0 => &[],
            // SAFETY: the caller's promise.
            _ => unsafe { std::slice::from_raw_parts(arguments, arguments_bytes) },
        };
        let encoding = match encoding {
            0 => Encoding::Wave,
            1 => Encoding::Values,
            2 => Encoding::Arena,
            _ => Encoding::Handles,
        };
        let timeout = Duration::from_millis(timeout_ms);
        // SAFETY: this waker does not outlive the borrow.
        let waker = unsafe { borrowed_waker(waker) };
        let mut cx = Context::from_waker(&waker);
        let mut length = TOLD;
        let returned = |payload: &mut Vec<u8>| {
            if payload.len() > room_bytes {
                return end.returned(std::mem::take(payload));
            }
            length = payload.len();
            // SAFETY: there is room, the caller's promise.
            unsafe { room.copy_from_nonoverlapping(payload.as_ptr(), length) };
        };
        let begun = catch_unwind(AssertUnwindSafe(|| {
            call::begin_call(
                &self.0,
                &function.0,
                encoding,
                arguments,
                timeout,
                &mut cx,
                returned,
            )
        }));
        match tell(begun, end) {
            true => length,
            false => TOLD,
        }
    }

    fn settle_now(&self, waker: &ffi::TaskWaker, end: &ffi::CallEnd) -> bool {
        // SAFETY: this waker does not outlive the borrow.
        let waker = unsafe { borrowed_waker(waker) };
        let mut cx = Context::from_waker(&waker);
        let begun = catch_unwind(AssertUnwindSafe(|| call::begin_settling(&self.0, &mut cx)));
        tell(begun, end)
    }

    fn drop_handles(&self, numbers: &[u64]) -> bool {
        guarded(|_| false, || self.0.drop_handles(numbers))
    }

    fn lent_handles(&self) -> u64 {
        self.0.lent_handles()
    }

    fn holder(&self) -> u32 {
        self.0.holder()
    }

    fn alive(&self) -> bool {
        self.0.alive()
    }

    fn memory_bytes(&self) -> u64 {
        self.0.memory_bytes()
    }

    fn close(&self) {
        self.0.close();
    }

    fn direct_calls(&self) -> u64 {
        self.0.direct_calls()
    }

    fn in_direct_call(&self) -> bool {
        self.0.in_direct_call()
    }

    fn cut_direct_call(&self) {
        guarded(|_| (), || self.0.cut_direct_call());
    }
}

/// Whether it has returned; anything else `end` is told.
fn tell(begun: std::thread::Result<Begun>, end: &ffi::CallEnd) -> bool {
    let failed = match begun {
        Ok(Begun::Returned) => return true,
        Ok(Begun::Pending(task)) => {
            end.pending(Box::new(Task(task)));
            return false;
        }
        Ok(Begun::Failed(outcome)) => outcome,
        Err(panic) => Box::new(CallOutcome::failed(Outcome::Trapped, panic_text(&*panic))),
    };
    end.failed(
        failed.outcome as u8,
        failed.exit_status,
        &failed.message,
        &failed.backtrace,
    );
    false
}

/// A waker that outlives its poll.
struct SharedWaker(SharedPtr<ffi::TaskWaker>);

// SAFETY: the interface says "any thread".
unsafe impl Send for SharedWaker {}
unsafe impl Sync for SharedWaker {}

impl Wake for SharedWaker {
    fn wake(self: Arc<Self>) {
        self.0.wake();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.wake();
    }
}

/// The waker of one poll borrows its `TaskWaker`: only a clone, which few polls make, takes a share.
static BORROWED_WAKER: RawWakerVTable = RawWakerVTable::new(
    |data| {
        // SAFETY: `data` is the `&TaskWaker` of a poll that is going on.
        let waker = unsafe { &*data.cast::<ffi::TaskWaker>() };
        let shared = Waker::from(Arc::new(SharedWaker(waker.share())));
        let raw = RawWaker::new(shared.data(), shared.vtable());
        std::mem::forget(shared);
        raw
    },
    |data| unsafe { &*data.cast::<ffi::TaskWaker>() }.wake(),
    |data| unsafe { &*data.cast::<ffi::TaskWaker>() }.wake(),
    |_| {},
);

/// # Safety
/// The result does not outlive the borrow.
unsafe fn borrowed_waker(waker: &ffi::TaskWaker) -> Waker {
    let data = std::ptr::from_ref(waker).cast();
    // SAFETY: the vtable treats `data` as what it is.
    unsafe { Waker::from_raw(RawWaker::new(data, &BORROWED_WAKER)) }
}

impl Task {
    fn poll(&mut self, waker: &ffi::TaskWaker) -> bool {
        // SAFETY: this waker does not outlive the borrow.
        let waker = unsafe { borrowed_waker(waker) };
        self.0.poll(&mut Context::from_waker(&waker))
    }

    fn cancel(&mut self) {
        guarded(|_| (), || self.0.cancel());
    }

    fn outcome(&self) -> u8 {
        self.0
            .outcome()
            .map_or(Outcome::Trapped, |ended| ended.outcome) as u8
    }

    fn payload(&self) -> &[u8] {
        self.0.outcome().map_or(&[], |ended| &ended.payload)
    }

    fn failure(&self) -> ffi::Failure {
        let unfinished = || CallOutcome::failed(Outcome::Trapped, "not a finished call");
        let ended = self.0.outcome().cloned().unwrap_or_else(unfinished);
        ffi::Failure {
            exit_status: ended.exit_status,
            message: ended.message,
            backtrace: ended.backtrace,
        }
    }

    fn take_instance(&mut self) -> Result<Box<Instance>, Thrown> {
        entry(|| Ok(Box::new(Instance(self.0.take().instance()?))))
    }
}

struct Listener(SharedPtr<ffi::StopListener>);

// SAFETY: called once, from one thread; C++ says which threads that may be.
unsafe impl Send for Listener {}

impl Listener {
    fn tell(self) {
        self.0.stopped();
    }
}

impl Server {
    fn stop(&self, deadline_ms: u64, listener: SharedPtr<ffi::StopListener>) {
        let listener = Listener(listener);
        let deadline = Duration::from_millis(deadline_ms);
        guarded(|_| (), || self.0.stop(deadline, move || listener.tell()));
    }

    fn set_concurrent_max(&self, concurrent_max: u32) {
        guarded(
            |_| (),
            || self.0.set_concurrent_max(concurrent_max as usize),
        );
    }

    fn statistics(&self) -> ffi::Counters {
        let http_server::Statistics {
            requests,
            failed,
            connections,
            in_flight,
        } = self.0.statistics();
        ffi::Counters {
            requests,
            failed,
            connections,
            in_flight,
        }
    }

    fn last_failure(&self) -> String {
        guarded(|text| text, || self.0.last_failure())
    }
}
