// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Every bound in the program, with its reason and what happens at the edge. A new bound goes here,
// not beside its use.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace arcella::limits {

// --- ALME (design.md section 7) ---
// A line; longer: limit-exceeded, connection closed.
inline constexpr std::size_t kAlmeFrameBytesMax = 1U << 20;
inline constexpr int kJsonDepthMax = 64;  // deeper: parse-error
// One more connection is closed at once.
inline constexpr int kAlmeClientsMax = 1024;
// More: the client's socket is not read until some are answered.
inline constexpr int kAlmePendingPerClientMax = 256;
// A client that does not read: closed.
inline constexpr std::size_t kAlmeOutboxBytesMax = 4U << 20;
// What a client has not read yet; more: its socket is not read, and notifications are dropped and
// counted. Half of the outbox stays free for answers to what is in progress: neither a flood of
// requests nor one of output costs the connection.
inline constexpr std::size_t kAlmeUnreadBytesMax = kAlmeOutboxBytesMax / 2;
// What a client may ask for at once, it may also follow; more: limit-exceeded.
inline constexpr std::size_t kAlmeSubscriptionsMax = kAlmePendingPerClientMax;
// One answer (a call's result); longer: limit-exceeded instead.
inline constexpr std::size_t kAlmeReplyBytesMax = 64U << 20;
// What a client takes for a line: an answer's text is a little longer than the result in it.
inline constexpr std::size_t kAlmeReplyLineBytesMax = kAlmeReplyBytesMax + (64U << 10);
// For a client that sends no more to read its last answers; then closed.
inline constexpr std::chrono::seconds kAlmeDrainTimeout{5};
// Of `logs` at once; more is a follower's business.
inline constexpr int kLogLinesPerQueryMax = 10'000;
// Requests in a JSON-RPC batch: one line may not ask for a flood of answers.
inline constexpr std::size_t kRpcBatchMax = 100;

// `progress` of one request; a new stage is told at once.
inline constexpr std::chrono::milliseconds kProgressInterval{50};

// --- events ---
// In memory, and in one answer: a day of a busy platform; older ones are dropped and counted.
inline constexpr std::size_t kEventsKept = 4096;
// That wait for their like to be joined with; more: all of them are published at once.
inline constexpr std::size_t kEventsGatheredMax = 256;
// A reason, one line; longer is cut and marked.
inline constexpr std::size_t kEventMessageBytesMax = 1U << 10;
// events.jsonl; larger: it becomes events.1.jsonl, and the one before is deleted.
inline constexpr std::size_t kEventFileBytesMax = 2U << 20;
// For a disk that is slower than what happens; more is not written, and said in the log.
inline constexpr std::size_t kEventsUnwrittenMax = 4096;

// --- control channel between daemon and worker ---
// A description with its WIT text fits; longer: peer is closed.
inline constexpr std::size_t kControlFrameBytesMax = 4U << 20;
// Descriptors in one message (SCM_MAX_FD is 253).
inline constexpr int kControlFdsMax = 16;
inline constexpr int kControlRequestsMax = 4096;  // without a reply, per worker; more: unavailable
// A peer that does not read: lost, the worker is killed.
inline constexpr std::size_t kControlOutboxBytesMax = 16U << 20;
// A worker drops guests' output past this; replies have the rest.
inline constexpr std::size_t kOutputQueuedBytesMax = 4U << 20;
// In one Output message; longer is sent as several.
inline constexpr std::size_t kOutputTextBytesMax = 64U << 10;
// One line for a person; longer is cut.
inline constexpr std::size_t kFailureMessageBytesMax = 4U << 10;
// Wasmtime shows 20 frames; longer is cut.
inline constexpr std::size_t kFailureBacktraceBytesMax = 64U << 10;
// Longer: the worker breaks the protocol.
inline constexpr std::size_t kReplyTextBytesMax = 1U << 20;
inline constexpr std::size_t kFingerprintBytesMax = 256;
// Of a component; longer: limit-exceeded at install.
inline constexpr std::size_t kWitTextBytesMax = 1U << 20;
// Imports or exports of a component.
inline constexpr int kInterfacesMax = 1000;
inline constexpr int kInterfaceFunctionsMax = 2000;  // of one interface
// An interface's name or a function's signature, for people to read; longer is cut.
inline constexpr std::size_t kInterfaceItemBytesMax = 4U << 10;
// A component's own name and version, as its binary has them; longer is cut.
inline constexpr std::size_t kMetadataBytesMax = 256;
// Named types of one interface; the adapter tells of 256 KiB of types in all, so there are less.
inline constexpr int kInterfaceTypesMax = 5000;
// Of a function or type; the adapter writes a hash for what is longer. Longer: the helper breaks
// the protocol, and a shape that is cut would equal another one.
inline constexpr std::size_t kShapeBytesMax = 4U << 10;

// --- data channel ---
inline constexpr std::size_t kDataPayloadBytesMax = 64U << 20;
// Calls without result on one channel, each way; more: unavailable.
inline constexpr int kDataInFlightMax = 4096;
// Of the calls that came in and have no result yet; more: unavailable.
inline constexpr std::size_t kDataIncomingBytesMax = 256U << 20;
// That the other side has not read yet; more calls: unavailable.
inline constexpr std::size_t kDataQueuedBytesMax = 256U << 20;
// Of a worker whose daemon does not read: it takes no more calls.
inline constexpr std::size_t kDataOutboxBytesMax = 128U << 20;
// Of a daemon whose worker does not read: the worker is given up. More than calls alone can fill.
inline constexpr std::size_t kDataAbandonBytes = kDataQueuedBytesMax + (128U << 20);
// Of a channel, each way; its pages stay once they were used. Payloads that find no room go through
// the socket: 8 of the 1 MiB that guests pass as large.
inline constexpr std::size_t kDataSharedBytes = 8U << 20;
// Shorter payloads go through the socket, in one piece with their header: from here on that takes
// longer (docs/decisions/0016). Never those that are gathered.
inline constexpr std::size_t kDataSharedPayloadBytesMin = 8U << 10;
// Small frames that a thread puts off to send them together: as many as are read together. Fewer
// cost more in wake-ups than both sides gain by working at the same time (docs/performance.md).
inline constexpr int kDataGatherFramesMax = 64;
// Larger ones are not put off: they would be copied.
inline constexpr std::size_t kDataGatherFrameBytesMax = 4U << 10;
// For so long, while its thread has other work: a call of a guest that returns at once takes 1 us.
inline constexpr std::chrono::microseconds kDataGatherMax{100};
// The same when that work is a guest that goes on: another thread sends them.
inline constexpr std::chrono::milliseconds kDataGatherLook{1};
// Calls that came together and one thread runs before it looks at what else there is.
inline constexpr std::chrono::microseconds kDataTurnMax{100};
// Between two looks (a system call) of a thread of the pool that always has work at what has come
// meanwhile.
inline constexpr std::chrono::microseconds kPoolLook{50};
// Threads of the pool beyond its own, while calls hold those: a deployment's first call that does
// so is its last that can, so more at once take as many deployments in one process.
inline constexpr std::size_t kSpareThreadsMax = 16;
// Between two looks for calls whose answer is overdue: short beside kCallReplyGrace.
inline constexpr std::chrono::milliseconds kDataDeadlineLook{100};
// Links of one worker to others: each is a descriptor, and a peer that may make it keep what a data
// channel may. More groups than that: their calls go through the daemon.
inline constexpr std::size_t kWorkerLinksMax = 64;
// From the withdrawal of a link's route to its end: calls that were sent before their consumer was
// told lie in the socket, and are served.
inline constexpr std::chrono::milliseconds kLinkRouteGrace{1000};

// --- components and manifests ---
// The largest seen in the wild is 60 MB (python with libraries).
inline constexpr std::size_t kWasmBytesMax = 256U << 20;
// Native code is 3-5 times its wasm.
inline constexpr std::size_t kArtifactBytesMax = 2048ULL << 20;
// Entries of a folder that is searched for a component or for manifests: with more it is none, and
// a mistaken path costs no more than this. Refused.
inline constexpr std::size_t kFolderEntriesMax = 10'000;
inline constexpr std::size_t kManifestBytesMax = 256U << 10;
// Of values and of parts in a key; the formats are 4 deep, and readers walk them by recursion.
inline constexpr int kManifestDepthMax = 32;
// Mistakes that are shown of one file; the others are counted. A file can hold 50,000.
inline constexpr std::size_t kManifestDiagnosticsMax = 100;
// One message about a file: a key may be as long as the file. Longer is cut.
inline constexpr std::size_t kDiagnosticBytesMax = 1024;
// A path (PATH_MAX), a host, a function's name, a description.
inline constexpr std::size_t kManifestTextBytesMax = 4096;
// An argument, a variable's or a configuration's value (Linux's MAX_ARG_STRLEN).
inline constexpr std::size_t kManifestValueBytesMax = 128U << 10;
// Entries of a list or table that a person writes: arguments, variables, hosts, ...
inline constexpr std::size_t kManifestEntriesMax = 1000;
// Each is a descriptor and a preopen in every replica.
inline constexpr std::size_t kMountsMax = 64;
// Deployments in one store; each adds its memory to the others'.
inline constexpr std::size_t kFusedMax = 16;
// After this an update counts as healthy, whatever was asked.
inline constexpr std::chrono::milliseconds kMinHealthyMax{3'600'000};
inline constexpr std::chrono::milliseconds kMinHealthyDefault{500};
inline constexpr std::size_t kNameLengthMax = 128;  // design.md section 1
// Per deployment; twice this is past a pool's address space.
inline constexpr int kReplicasMax = 10000;
inline constexpr int kDeploymentsMax = 10000;
inline constexpr std::size_t kInterfaceNameBytesMax = 256;  // published names stay below 80
// Of one interface, when it is said why it does not fit; the others are counted.
inline constexpr std::size_t kMisfitsShownMax = 8;

// --- archives: `install X.tar.gz` (src/store/archive.h) ---
// A component has a handful of files; more is no package.
inline constexpr int kArchiveEntriesMax = 1000;
// All entries together, unpacked: the largest wasm and its manifests, read in memory.
inline constexpr std::size_t kArchiveBytesMax = kWasmBytesMax + (16U << 20);
// The file itself; packed, it is not larger than what it holds.
inline constexpr std::size_t kArchiveFileBytesMax = kArchiveBytesMax;
// Unpacked to packed bytes. Wasm packs 3-10 times, a bomb of zeros 1000 times.
inline constexpr std::size_t kArchiveRatioMax = 100;
// Below this much output the ratio says nothing (a manifest of blanks).
inline constexpr std::size_t kArchiveRatioFreeBytes = 1U << 20;
inline constexpr std::size_t kArchivePathBytesMax = 512;
inline constexpr int kArchiveDepthMax = 8;

// --- the hot-deploy folder (docs/operating.md) ---
// Entries in it, and in each bundle: more are left alone and said to be.
inline constexpr std::size_t kHotDeployEntriesMax = 1000;
// A folder with more is not even listed: it bounds what somebody else's mistake costs us.
inline constexpr std::size_t kHotDeployListedMax = 16 * kHotDeployEntriesMax;
// From the end of a write to the look at the file: for a writer that opens it once more at once.
inline constexpr std::chrono::milliseconds kHotDeploySettle{5};
// The same where the kernel does not tell whether somebody still writes: unchanged for so long.
inline constexpr std::chrono::milliseconds kHotDeployBlindSettle{200};
// A bundle comes file by file: quiet for so long, but looked at after the second time anyway.
inline constexpr std::chrono::milliseconds kHotDeployBundleSettle{100};
inline constexpr std::chrono::milliseconds kHotDeployBundleSettleMax{2000};
// After a failure that may mend itself (an address in use); doubled each time, then given up until
// the file changes.
inline constexpr std::chrono::milliseconds kHotDeployRetryDelay{1000};
inline constexpr std::chrono::milliseconds kHotDeployRetryDelayMax{60'000};
inline constexpr int kHotDeployRetriesMax = 10;
// Of state/hot-deploy.json: entries, their names and what each brought.
inline constexpr std::size_t kHotDeployRecordBytesMax = 16U << 20;

// --- compile helper (limits-and-faults.md section 5, row 8) ---
// Address space; a 20 MB core module takes 1.5 GB.
inline constexpr std::uint64_t kCompileMemoryBytesMax = 6ULL << 30;
inline constexpr std::chrono::seconds kCompileCpuMax{600};
// SIGXCPU, which names the reason, at the limit; SIGKILL, if it is caught, this much later.
inline constexpr std::chrono::seconds kCompileCpuGrace{5};
inline constexpr std::uint64_t kCompileDescriptorsMax = 64;
inline constexpr std::chrono::seconds kCompileWallMax{600};

// --- guests; what a deployment gets when it says nothing (limits-and-faults.md section 4) ---
inline constexpr std::uint64_t kGuestMemoryBytesDefault = 64ULL << 20;
inline constexpr std::uint64_t kGuestMemoryBytesMax = 4096ULL << 20;  // a 32-bit memory
inline constexpr std::chrono::milliseconds kCallTimeoutDefault{5000};
inline constexpr std::chrono::milliseconds kCallTimeoutMax{3'600'000};
inline constexpr std::chrono::seconds kStartupTimeoutDefault{10};
// A start that nobody waits for is a hang.
inline constexpr std::chrono::seconds kStartupTimeoutMax{3600};
// 1-10 ms; a deadline is met within two ticks.
inline constexpr std::chrono::milliseconds kEpochTick{5};
// Host bytes that one host call may make us allocate.
inline constexpr std::uint64_t kHostcallFuel = 8ULL << 20;
inline constexpr std::uint32_t kResourceTableMax = 10'000;    // handles per store
inline constexpr std::uint64_t kRandomBytesMax = 1ULL << 20;  // per call of wasi:random
// That the replicas of one deployment hold of others' resources; more: the call fails. A replica
// lends half of kResourceTableMax, so only a worker that lies comes here.
inline constexpr std::size_t kHandlesHeldMax = 100'000;
// Callers that wait for one busy instance; more: unavailable.
inline constexpr int kCallQueuePerInstanceMax = 1024;
// Calls of arcella:platform that the daemon has under way for all guests; more: unavailable.
inline constexpr int kPlatformCallsMax = 256;
// Events that one call of it may ask for; more are not given.
inline constexpr std::size_t kPlatformEventsMax = 1000;
// Calls of one deployment's imports that wait for a provider (provider_wait_ms), as many as wait
// for one busy instance, and their arguments; more: unavailable.
inline constexpr std::size_t kWaitingCallsMax = 1024;
inline constexpr std::size_t kWaitingCallBytesMax = 64U << 20;
// Between two tries of one that waits: short for who waits, and 1024 tries take no millisecond.
inline constexpr std::chrono::milliseconds kWaitingCallRetry{25};
// A guest that waits holds its replica and a fiber: longer than a worker needs to come back.
inline constexpr std::chrono::milliseconds kProviderWaitMax{60'000};
// Replicas that wait for each other in one chain of calls; more is a recursion that went astray.
// Each holds a fiber's stack.
inline constexpr int kCallChainMax = 32;
// Requests in fresh stores per replica; more wait in the socket.
inline constexpr int kHttpConcurrentPerReplica = 256;
inline constexpr int kHttpConnectionsMax = 8192;  // per listener
// Connections that wait to be accepted. The kernel cuts it to net.core.somaxconn (4096 by default):
// a worker's restart takes well under a second, and this is what may queue up meanwhile.
inline constexpr int kHttpBacklog = 4096;
// Total, not per read: slow-loris.
inline constexpr std::chrono::seconds kHttpHeaderTimeout{10};

// --- a deployment's keys: wasi:keyvalue (docs/host-interfaces.md). A guest is told, and nothing
// changes. ---
// A name; what is longer is a value.
inline constexpr std::size_t kKeyValueKeyBytesMax = 1024;
// Well below what one host call may allocate (kHostcallFuel); larger belongs into a file.
inline constexpr std::size_t kKeyValueValueBytesMax = 1U << 20;
// All of a deployment. The file is up to twice as large: pages are not full.
inline constexpr std::size_t kKeyValueBytesMax = 256U << 20;
// What an entry counts for besides its key and value, as its row and index entry do on the disk:
// empty values are bounded too.
inline constexpr std::size_t kKeyValueEntryBytes = 64;
// Keys of one page: 1 MB at most, and the next one is a call away.
inline constexpr std::size_t kKeyValueListMax = 1000;
// Keys of one batch: it holds up the others of the deployment.
inline constexpr std::size_t kKeyValueBatchMax = 1000;
// Keys and values that one answer carries.
inline constexpr std::size_t kKeyValueAnswerBytesMax = 8U << 20;
// Requests of all replicas that wait for the disk: one of each in a call, and a second's worth of
// HTTP. More: told to try again.
inline constexpr std::size_t kKeyValueQueuedMax = 1024;
inline constexpr std::size_t kKeyValueQueuedBytesMax = 32U << 20;

// --- output of guests ---
// Older lines are dropped and counted.
inline constexpr std::size_t kLogRingBytesPerInstance = 1U << 20;
// Longer lines are cut and marked.
inline constexpr std::size_t kLogLineBytesMax = 8U << 10;
// Not yet taken by the daemon; more is dropped.
inline constexpr std::size_t kOutputPendingBytesPerInstance = 64U << 10;
// What a configuration may make of a ring: a few lines, or a day of a busy guest.
inline constexpr std::size_t kLogRingBytesMin = 16U << 10;
inline constexpr std::size_t kLogRingBytesMax = 256U << 20;
// Lines on their way to the files; when the disk is slower, more are dropped and counted.
inline constexpr std::size_t kGuestLogQueueBytesMax = 8U << 20;
// That one `logs` reads from the files of one deployment; what lies further back is not shown.
inline constexpr std::size_t kGuestLogReadBytesMax = 64U << 20;

// --- log files, the platform's and the guests' ---
// One is rotated when the next line would not fit. Less is all rotation, more is no bound.
inline constexpr std::size_t kLogFileBytesMin = 64U << 10;
inline constexpr std::size_t kLogFileBytesDefault = 16U << 20;
inline constexpr std::size_t kLogFileBytesMax = 4096ULL << 20;
inline constexpr int kLogFilesKeptDefault = 5;  // the one that is written included
inline constexpr int kLogFilesKeptMax = 100;

// --- configuration ---
inline constexpr int kConfigFilesMax = 100;  // of <home>/cfg; more are refused
// Slots of the pool that a process's engine reserves addresses for (design.md section 9).
inline constexpr int kEngineInstancesDefault = 2000;
inline constexpr int kEngineHttpThreadsMax = 256;

// --- the home folder ---
// Folders in folders of ours that are removed: they are flat. Deeper is somebody else's, and not
// ours to walk without end; refused.
inline constexpr int kRemoveDepthMax = 8;
// The daemon is alone with its database (home lock), so this wait is for a person's sqlite3 shell.
inline constexpr std::chrono::milliseconds kDatabaseBusyTimeout{2000};

// --- processes ---
// A worker accepts kHttpConnectionsMax per listener and maps files; 65536 is what systemd's
// services get at most.
inline constexpr std::uint64_t kServeDescriptorsMax = 65536;
inline constexpr std::chrono::seconds kWorkerReadyTimeout{10};
inline constexpr std::chrono::seconds kWorkerStopTimeout{10};  // then SIGKILL
// From the end of a worker's channel to its exit, which says more about why; then it is killed.
inline constexpr std::chrono::milliseconds kWorkerExitGrace{500};
// For the daemon to take a worker's last messages when the worker ends.
inline constexpr std::chrono::seconds kWorkerFarewellTimeout{1};
// In kRestartInterval, then failed (systemd's numbers).
inline constexpr int kRestartAttempts = 5;
inline constexpr std::chrono::seconds kRestartInterval{10};
inline constexpr std::chrono::milliseconds kRestartDelay{100};  // doubled each time
inline constexpr std::chrono::milliseconds kRestartDelayMax{30'000};
// Each is remembered for its interval.
inline constexpr int kRestartAttemptsMax = 1000;
inline constexpr std::chrono::seconds kRestartIntervalMax{86'400};
// For all guests and workers to end when the daemon ends; below systemd's TimeoutStopSec.
inline constexpr std::chrono::seconds kShutdownTimeoutDefault{30};
inline constexpr std::chrono::seconds kShutdownTimeoutMax{3600};
// That a provider that is to be stopped waits for its consumers to be bound elsewhere: a message to
// their process, 1,000 of them 60 ms. Longer only if that does not answer.
inline constexpr std::chrono::milliseconds kStopHeldMax{500};
// Past that, for calls that were on their way to it: they come by another socket than the order to
// stop does.
inline constexpr std::chrono::milliseconds kStopLinger{20};
// Past a replica's own stop deadline; then its worker is replaced.
inline constexpr std::chrono::seconds kStopGrace{2};
// An answer on the control channel; a load maps and links.
inline constexpr std::chrono::seconds kWorkerRequestTimeout{30};
// For a worker to look up a function's name.
inline constexpr std::chrono::milliseconds kResolveTimeout{5000};
// Past a call's deadline; then the worker is taken for hung.
inline constexpr std::chrono::milliseconds kCallReplyGrace{1000};

// --- the command line's shell ---
// A line that is typed or of a script; longer: limit-exceeded. ALME takes no more.
inline constexpr std::size_t kShellLineBytesMax = kAlmeFrameBytesMax;
// Lines kept between runs; older ones are cut off at the next start.
inline constexpr std::size_t kShellHistoryLinesMax = 1000;
inline constexpr std::size_t kShellHistoryLineBytesMax = 4U << 10;  // longer: not kept
// The file with what one run added; longer: the shell works without, and says so.
inline constexpr std::size_t kShellHistoryBytesMax = 16U << 20;
// For the number in the prompt; then it says that nobody answers.
inline constexpr std::chrono::milliseconds kShellPromptTimeout{300};
// For names behind TAB; then there are none.
inline constexpr std::chrono::milliseconds kCompletionTimeout{500};
// Listed behind TAB; the others are only counted.
inline constexpr std::size_t kShellCandidatesShownMax = 200;
// Entries of a folder that are looked at for TAB.
inline constexpr int kCompletionFilesMax = 10'000;

}  // namespace arcella::limits
