// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_SIM_SIM_MARKS_H_
#define PODTAIL_ENGINE_SIM_SIM_MARKS_H_
// Events that must happen somewhere in a run of many worlds: a world that never
// meets them proves nothing about them.
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace podtail {

#define PODTAIL_SIM_MARKS(MARK)                             \
  MARK(kAcceptedLate, "accepted late")                      \
  MARK(kAnnouncedAgain, "announced again")                  \
  MARK(kAnnouncedDeleted, "announced deleted")              \
  MARK(kAnswerLostApplied, "answer lost applied")           \
  MARK(kAnswerLostNotApplied, "answer lost not applied")    \
  MARK(kAnswersShuffled, "answers shuffled")                \
  MARK(kArrivedAfterCrash, "arrived after crash")           \
  MARK(kBatchAllRefused, "batch all refused")               \
  MARK(kBitFlipped, "bit flipped")                          \
  MARK(kClosingFlush, "closing flush")                      \
  MARK(kCompressed, "compressed")                           \
  MARK(kContainerRestarted, "container restarted")          \
  MARK(kCrash, "crash")                                     \
  MARK(kCrashInFlight, "crash in flight")                   \
  MARK(kCrashInsideWrite, "crash inside write")             \
  MARK(kCrashWriteNothing, "crash write nothing")           \
  MARK(kCrashWriteTorn, "crash write torn")                 \
  MARK(kCrashWriteWhole, "crash write whole")               \
  MARK(kCrashWriteZeroes, "crash write zeroes")             \
  MARK(kCut, "cut")                                         \
  MARK(kCutAndLonger, "cut and longer")                     \
  MARK(kCutJournaled, "cut journaled")                      \
  MARK(kDamageNoticed, "damage noticed")                    \
  MARK(kDescriptorsUsedUp, "descriptors used up")           \
  MARK(kDirectoryMoved, "directory moved")                  \
  MARK(kDiskJobDoneAndFailed, "disk job done and failed")   \
  MARK(kDiskJobFailed, "disk job failed")                   \
  MARK(kDiskJobHalfDone, "disk job half done")              \
  MARK(kDrainDeadline, "drain deadline")                    \
  MARK(kDrained, "drained")                                 \
  MARK(kEmptyBody, "empty body")                            \
  MARK(kFileShortened, "file shortened")                    \
  MARK(kFileZeroed, "file zeroed")                          \
  MARK(kForeignSkipped, "foreign skipped")                  \
  MARK(kForgotten, "forgotten")                             \
  MARK(kFutureVersionRefused, "future version refused")     \
  MARK(kGap, "gap")                                         \
  MARK(kGoneUnopened, "gone unopened")                      \
  MARK(kGoneWhileDown, "gone while down")                   \
  MARK(kHardLink, "hard link")                              \
  MARK(kInodeGivenAgain, "inode given again")               \
  MARK(kInstanceRemoved, "instance removed")                \
  MARK(kJoined, "joined")                                   \
  MARK(kJoinedAcrossFiles, "joined across files")           \
  MARK(kKubeletDied, "kubelet died")                        \
  MARK(kLaneBusy, "lane busy")                              \
  MARK(kLaneRefused, "lane refused")                        \
  MARK(kLaneSentBackWhole, "lane sent back whole")          \
  MARK(kLinkSkipped, "link skipped")                        \
  MARK(kLostUnseen, "lost unseen")                          \
  MARK(kMalformedSent, "malformed sent")                    \
  MARK(kMissed, "missed")                                   \
  MARK(kMovedWithinATurn, "moved within a turn")            \
  MARK(kNotPermitted, "not permitted")                      \
  MARK(kNulHole, "nul hole")                                \
  MARK(kOddMessage, "odd message")                          \
  MARK(kOddTime, "odd time")                                \
  MARK(kOfferedAgain, "offered again")                      \
  MARK(kOffsetRaised, "offset raised")                      \
  MARK(kOneStreamAhead, "one stream ahead")                 \
  MARK(kOverflowDropped, "overflow dropped")                \
  MARK(kPodRemoved, "pod removed")                          \
  MARK(kReadError, "read error")                            \
  MARK(kRecordRefused, "record refused")                    \
  MARK(kRenamedBack, "renamed back")                        \
  MARK(kResumed, "resumed")                                 \
  MARK(kResumedCompressed, "resumed compressed")            \
  MARK(kRotatedNameOverwritten, "rotated name overwritten") \
  MARK(kRunLostItsBeginning, "run lost its beginning")      \
  MARK(kRunNeverEnds, "run never ends")                     \
  MARK(kSentAgainAfterCrash, "sent again after crash")      \
  MARK(kShed, "shed")                                       \
  MARK(kSinkAway, "sink away")                              \
  MARK(kSinkFull, "sink full")                              \
  MARK(kSinkHeld, "sink held")                              \
  MARK(kSpecialSkipped, "special skipped")                  \
  MARK(kSplit, "split")                                     \
  MARK(kStateDeleted, "state deleted")                      \
  MARK(kStateFromBackup, "state from backup")               \
  MARK(kStaticPodAgain, "static pod again")                 \
  MARK(kStoppedClean, "stopped clean")                      \
  MARK(kStreamUnknown, "stream unknown")                    \
  MARK(kTagMissing, "tag missing")                          \
  MARK(kTimeClamped, "time clamped")                        \
  MARK(kTimeMadeUnique, "time made unique")                 \
  MARK(kTimeRepeated, "time repeated")                      \
  MARK(kTimeWentBack, "time went back")                     \
  MARK(kTooManyOpen, "too many open")                       \
  MARK(kTornGzip, "torn gzip")                              \
  MARK(kTornLine, "torn line")                              \
  MARK(kTwoBatchesOfALane, "two batches of a lane")         \
  MARK(kTwoRecordsRefused, "two records refused")           \
  MARK(kUidTwice, "uid twice")                              \
  MARK(kUnmounted, "unmounted")                             \
  MARK(kUnpinned, "unpinned")                               \
  MARK(kUnreadable, "unreadable")                           \
  MARK(kUnterminatedLineSent, "unterminated line sent")     \
  MARK(kUnterminatedSent, "unterminated sent")              \
  MARK(kWaitsAtTheEnd, "waits at the end")                  \
  MARK(kWallJumped, "wall jumped")                          \
  MARK(kWritesWithoutName, "writes without name")           \
  MARK(kWroteLate, "wrote late")                            \
  MARK(kWroteIntoRotated, "wrote into rotated")

#define PODTAIL_SIM_MARK_NAME(name, words) name,
enum class SimMark : std::uint8_t { PODTAIL_SIM_MARKS(PODTAIL_SIM_MARK_NAME) };
#undef PODTAIL_SIM_MARK_NAME

#define PODTAIL_SIM_MARK_WORDS(name, words) std::string_view(words),
inline constexpr std::string_view kSimMarkWords[] = {PODTAIL_SIM_MARKS(PODTAIL_SIM_MARK_WORDS)};
#undef PODTAIL_SIM_MARK_WORDS

inline constexpr std::size_t kSimMarks = sizeof(kSimMarkWords) / sizeof(kSimMarkWords[0]);

}  // namespace podtail
#endif
