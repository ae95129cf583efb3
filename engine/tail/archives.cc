// SPDX-License-Identifier: Apache-2.0
// Compressed generations: the kubelet writes N.log.STAMP.gz and removes
// N.log.STAMP (spec B.4). It is the same generation in another file. Who has the
// plain one open goes on reading that; whoever had not finished it, or comes
// later, reads the compressed one from where it was.
#include <algorithm>

#include "engine/base/check.h"
#include "engine/tail/tailer_impl.h"

namespace podtail {
namespace {

constexpr std::size_t kDecodersMax = 8;

}  // namespace

void Tailer::Impl::OpenArchive(Generation* generation, std::unique_ptr<LogFile> compressed) {
  auto archive = std::make_unique<GzipLogFile>(std::move(compressed));
  generation->archive = archive.get();
  generation->file = std::move(archive);
}

// Decoders are large, and of a container's archives only the oldest is read.
bool Tailer::Impl::TakeDecoder(Generation* generation, const Tick& tick) {
  if (generation->decoding) return true;
  if (decoders.size() >= kDecodersMax) {
    // Who begins in the middle and has to wait for an older one decodes that far again:
    // it may be this one that all of them wait for.
    const auto idle = std::find_if(decoders.begin(), decoders.end(), [&](Generation* other) {
      return other->state == GenerationState::kReading && NextOf(*other->container, tick) != other;
    });
    if (idle == decoders.end()) return false;
    ReleaseDecoder(*idle);
  }
  decoders.push_back(generation);
  generation->decoding = true;
  return true;
}

void Tailer::Impl::ReleaseDecoder(Generation* generation) {
  if (!generation->decoding) return;
  generation->decoding = false;
  decoders.erase(std::find(decoders.begin(), decoders.end(), generation));
  generation->archive->Release();
  for (const ContainerId id : awaiting_decoder) {
    if (Container* container = Get(id)) Queue(container);
  }
  awaiting_decoder.clear();
}

// The generation that was compressed into this file, if it is known.
Generation* Tailer::Impl::PlainTwin(const Generation& archive, std::string_view first_bytes) const {
  for (const auto& other : archive.container->generations) {
    if (!archive.MayBeMadeOf(*other)) continue;
    const bool by_name = other->name.rotation == archive.name.rotation;
    // One that never had a descriptor has nothing but its name, and that is gone.
    const bool same = other->has_source ? BeginsWith(other->identity.head, first_bytes)
                                        : other->state == GenerationState::kNew &&
                                              other->file == nullptr && by_name;
    if (same) return other.get();
  }
  return nullptr;
}

// A file that may be the one this archive was made of is open, and its first line is not
// known: it could not be read, or is not there yet. It goes first, for it may be longer.
bool Tailer::Impl::AwaitsPlain(const Generation& archive) const {
  const auto& all = archive.container->generations;
  return std::any_of(all.begin(), all.end(), [&](const auto& other) {
    return archive.MayBeMadeOf(*other) && other->state == GenerationState::kNew &&
           other->file != nullptr && !other->has_source;
  });
}

// `archive` is where `plain` goes on; the former is forgotten as a generation of
// its own.
void Tailer::Impl::MergeInto(Generation* plain, Generation* archive) {
  by_key.erase(plain->key);
  plain->key = archive->key;
  by_key[plain->key] = plain;
  plain->in_opening = false;  // if it was queued, then under its old key
  plain->name = archive->name;
  plain->missed = 0;
  plain->seen_in = archive->seen_in;
  plain->device = archive->device;
  plain->disk_bytes = archive->disk_bytes;
  const bool parked = plain->active() && plain->file == nullptr;
  const bool retired = plain->state == GenerationState::kRetired;
  const auto trailer = archive->archive->TrailerSize();
  const bool as_long =
      trailer && *trailer && **trailer == static_cast<std::uint32_t>(plain->offset);
  plain->drained = plain->whole = retired && as_long;  // every byte of it was handed out
  if (parked || (retired && !as_long)) {
    plain->file = std::move(archive->file);
    plain->archive = archive->archive;
    plain->decoding = archive->decoding;
    std::replace(decoders.begin(), decoders.end(), archive, plain);
    archive->archive = nullptr;
    archive->decoding = false;
    plain->deleted = false;
    if (retired) {
      plain->state = GenerationState::kNew;
      plain->looked_to = 0;
    }
    if (plain->state == GenerationState::kNew) QueueOpening(plain);
    NoteTrailer(plain);
  }
  Container* container = plain->container;
  auto& all = container->generations;
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.get() == archive; });
  PODTAIL_DCHECK(at != all.end());
  Erase(archive);
  all.erase(at);
  Stir(container);
}

// How long it says it is: for the count of what is unread, and nothing else.
void Tailer::Impl::NoteTrailer(Generation* generation) {
  const auto trailer = generation->archive->TrailerSize();
  if (trailer && *trailer)
    generation->size = std::max<std::uint64_t>(generation->offset, **trailer);
}

}  // namespace podtail
