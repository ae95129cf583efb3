// SPDX-License-Identifier: Apache-2.0
// Compressed generations: the kubelet writes N.log.STAMP.gz and removes
// N.log.STAMP (spec B.4). It is the same generation in another file. Who has the
// plain one open goes on reading that; whoever had not finished it, or comes
// later, reads the compressed one from where it was.
#include "engine/base/check.h"
#include "engine/tail/tailer_impl.h"

namespace podtail {
namespace {

constexpr std::uint64_t kDecodersMax = 8;

}  // namespace

void Tailer::Impl::OpenArchive(Generation* generation, std::unique_ptr<LogFile> compressed) {
  auto archive = std::make_unique<GzipLogFile>(std::move(compressed));
  generation->archive = archive.get();
  generation->file = std::move(archive);
}

// Decoders are large, and of a container's archives only the oldest is read.
bool Tailer::Impl::TakeDecoder(Generation* generation) {
  if (generation->decoding) return true;
  if (decoders >= kDecodersMax) return false;
  ++decoders;
  generation->decoding = true;
  return true;
}

void Tailer::Impl::ReleaseDecoder(Generation* generation) {
  if (!generation->decoding) return;
  generation->decoding = false;
  --decoders;
  generation->archive->Release();
  for (const ContainerId id : awaiting_decoder) {
    if (Container* container = Get(id)) Queue(container);
  }
  awaiting_decoder.clear();
}

// The generation that was compressed into this file, if it is known. It may have
// been renamed and compressed between two looks.
Generation* Tailer::Impl::PlainTwin(const Generation& archive, std::string_view first_bytes) const {
  for (const auto& other : archive.container->generations) {
    if (!other->name.compressed && other->has_source && other->SameInstance(archive) &&
        (other->name.rotation == archive.name.rotation || other->missed > 0) &&
        BeginsWith(other->identity.head, first_bytes)) {
      return other.get();
    }
  }
  return nullptr;
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
