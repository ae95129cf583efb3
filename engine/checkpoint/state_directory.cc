// SPDX-License-Identifier: Apache-2.0
#include "podtail/state_directory.h"

#include <algorithm>
#include <utility>

#include "engine/checkpoint/file_checkpoint_store.h"
#include "engine/checkpoint/file_loss_log.h"
#include "engine/checkpoint/sharded_state.h"
#include "engine/port/durable_directory.h"

namespace podtail {
namespace {

bool IsSinkName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

Status Check(const StateDirectoryOptions& options) {
  const auto invalid = [](std::string_view message) {
    return Status(StatusCode::kInvalidArgument, message);
  };
  if (options.directory.empty()) return invalid("the checkpoint directory has no name");
  if (options.directory.find('\0') != std::string::npos) {
    return invalid("the name of the checkpoint directory holds a NUL");
  }
  if (!IsSinkName(options.sink_name)) {
    return invalid("sink name \"" + options.sink_name +
                   "\": use lower-case letters, digits, '_' and '-'");
  }
  if (options.shard_count == 0) return invalid("there must be at least one shard");
  return {};
}

// Says what would help, unless the message does already.
Status WithRemedy(const Status& status) {
  if (status.code() != StatusCode::kUnavailable) return status;
  return Status(status.code(),
                std::string(status.message()) +
                    " (podtail must be able to create and write its checkpoint directory)");
}

}  // namespace

struct StateDirectory::Impl {
  explicit Impl(std::unique_ptr<DurableDirectory> directory)
      : disk(std::move(directory)), store(disk.get()) {}

  // The disk goes last.
  std::unique_ptr<DurableDirectory> disk;
  FileCheckpointStore store;
  std::unique_ptr<FileLossLog> loss_log;
  std::unique_ptr<ShardedState> shards;  // null: there is one shard, and nothing to share
};

Expected<std::unique_ptr<StateDirectory>> StateDirectory::Open(StateDirectoryOptions options) {
  if (Status valid = Check(options); !valid.ok()) return Unexpected(std::move(valid));
  auto disk = OpenDurableDirectory(options.directory + '/' + options.sink_name);
  if (!disk) return Unexpected(WithRemedy(disk.error()));
  auto impl = std::make_unique<Impl>(std::move(*disk));
  auto losses = FileLossLog::Create(impl->disk.get(), options.loss_bytes_max);
  if (!losses) return Unexpected(WithRemedy(losses.error()));
  impl->loss_log = std::move(*losses);
  if (options.shard_count > 1) {
    impl->shards =
        std::make_unique<ShardedState>(&impl->store, impl->loss_log.get(), options.shard_count);
  }
  return std::unique_ptr<StateDirectory>(new StateDirectory(std::move(impl)));
}

StateDirectory::StateDirectory(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StateDirectory::~StateDirectory() = default;

CheckpointStore* StateDirectory::checkpoints(std::uint32_t shard) noexcept {
  return impl_->shards ? impl_->shards->checkpoints(shard) : &impl_->store;
}

LossLog* StateDirectory::losses(std::uint32_t shard) noexcept {
  return impl_->shards ? impl_->shards->losses(shard) : impl_->loss_log.get();
}

}  // namespace podtail
