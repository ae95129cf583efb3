// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_BASE_MUTANT_H_
#define PODTAIL_ENGINE_BASE_MUTANT_H_
// Planted bugs, to test the tests: each must be found by the simulator.
//
//   if (!PODTAIL_MUTANT(kShadowForgotten)) FindRuns(...);
//
// A constant false, and so no code at all, but in the copy of the engine that
// tests/sim links: there the test chooses one of them at run time.
#include <cstdint>
#include <string_view>

namespace podtail {

#define PODTAIL_MUTANTS_ALL(MUTANT)                                                     \
  MUTANT(kCommitOnSend, "settled when it is offered, not when it is answered")          \
  MUTANT(kCommitReadPosition, "commits what was read, whatever is held")                \
  MUTANT(kRunHoldForgotten, "a run that waits for its end holds nothing")               \
  MUTANT(kGiveUp, "settles a batch that comes back")                                    \
  MUTANT(kRefusedIsDelivered, "refused records are not written down")                   \
  MUTANT(kSettleBeforeLoss, "settles before the loss log is durable")                   \
  MUTANT(kTetherForgotten, "a run that comes over holds nothing in the later file")     \
  MUTANT(kShadowForgotten, "what was given out of an open run is given out again")      \
  MUTANT(kLateNotJournaled, "nobody writes down which lines came in time")              \
  MUTANT(kCutNotJournaled, "a run is closed by an observation that nobody writes down") \
  MUTANT(kGateIgnored, "sends what waits for the journal")                              \
  MUTANT(kReplayForgotten, "a restart knows nothing of the lines before")               \
  MUTANT(kTieBreakForgotten, "a restart knows nothing of the times given out")          \
  MUTANT(kTimesNotUnique, "repeated times stay as they are")                            \
  MUTANT(kStreamsMerged, "fragments of both streams make one run")                      \
  MUTANT(kPartsAlike, "every part of a record has the same number")                     \
  MUTANT(kMalformedSkipped, "a line that is none is left out")                          \
  MUTANT(kDeliveredCountedTwice, "a batch that comes back counts as delivered")         \
  MUTANT(kLaneOutOfOrder, "a lane's newest batch goes first")                           \
  MUTANT(kChecksumIgnored, "state is believed whatever its checksum says")              \
  MUTANT(kAppendBehindTorn, "goes on behind an append that failed")                     \
  MUTANT(kDurableWhenSubmitted, "says durable when it is only submitted")               \
  MUTANT(kIdentityIsInode, "the inode alone says which file it is")                     \
  MUTANT(kDropDeleted, "lets go of a file that lost its name")                          \
  MUTANT(kStartAtEnd, "an unknown file begins at its end after a restart")              \
  MUTANT(kSealAtOnce, "a rotated file is sealed without a grace")                       \
  MUTANT(kSwitchAtOnce, "the next file is read without a grace")                        \
  MUTANT(kNeverReopened, "a sealed file that grows is not looked at")                   \
  MUTANT(kPartialLineSkipped, "half a line at the end counts as read")                  \
  MUTANT(kListedOnce, "believes a listing whose names were changed meanwhile")          \
  MUTANT(kEpochForgotten, "a static pod made again shares runs with the one before")    \
  MUTANT(kRenameIsNew, "a renamed file is another file")                                \
  MUTANT(kCheckpointsForgottenEarly, "forgets a file that stands there")

#define PODTAIL_MUTANT_NAME(name, words) name,
enum class Mutant : std::uint8_t { kNone, PODTAIL_MUTANTS_ALL(PODTAIL_MUTANT_NAME) };
#undef PODTAIL_MUTANT_NAME

#ifdef PODTAIL_MUTANTS
// The test binary's.
bool MutantIs(Mutant mutant) noexcept;
#define PODTAIL_MUTANT(name) (::podtail::MutantIs(::podtail::Mutant::name))
#else
#define PODTAIL_MUTANT(name) false
#endif

}  // namespace podtail
#endif
