// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_TOOLS_COMMANDS_H_
#define PODTAIL_TOOLS_COMMANDS_H_
// The commands of the podtail binary, and what their exit statuses mean.
//
// A command gets its own name as argv[0] and its flags behind it, prints, and
// returns the exit status. It is called once per process, on the main thread.
namespace podtail {

// The contract of the command line: numbers never change their meaning.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;         // at run time; podtail cannot continue
inline constexpr int kExitUsage = 64;          // unknown, missing or wrong flags
inline constexpr int kExitNoRoot = 66;         // the root does not exist
inline constexpr int kExitUnavailable = 69;    // a sink or an address cannot be had
inline constexpr int kExitCannotCreate = 73;   // a directory cannot be created, or is taken
inline constexpr int kExitConfiguration = 78;  // the configuration file

int CmdRun(int argc, char** argv);
int CmdGen(int argc, char** argv);
int CmdCheckpoints(int argc, char** argv);
int CmdLedger(int argc, char** argv);
int CmdReplay(int argc, char** argv);
int CmdVersion(int argc, char** argv);

}  // namespace podtail
#endif
