// SPDX-License-Identifier: Apache-2.0
#include "podtail/message_extractor.h"

#include <string_view>

#include "engine/enrich/key_value_trace.h"
#include "engine/enrich/level_token.h"
#include "engine/enrich/word_bytes.h"

namespace podtail {
namespace {

// Told by its ends alone. Its keys are the business of a JSON reader: a text
// scan of serialized JSON would take ids out of nested strings.
bool LooksLikeJsonObject(std::string_view message) noexcept {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t first = message.find_first_not_of(kBlanks);
  if (first == std::string_view::npos || message[first] != '{') return false;
  return message[message.find_last_not_of(kBlanks)] == '}';
}

// The part that is read. A word that the limit cuts is left out as a whole:
// whether its beginning is an id or a level depends on what is not read.
std::string_view Window(std::string_view message, std::size_t bytes_max) noexcept {
  if (message.size() <= bytes_max) return message;
  std::string_view window = message.substr(0, bytes_max);
  while (!window.empty() && IsWordByte(window.back())) window.remove_suffix(1);
  return window;
}

}  // namespace

struct MessageExtractor::Impl {
  MessageExtractorOptions options;
};

MessageExtractor::MessageExtractor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MessageExtractor::MessageExtractor(MessageExtractor&&) noexcept = default;
MessageExtractor& MessageExtractor::operator=(MessageExtractor&&) noexcept = default;
MessageExtractor::~MessageExtractor() = default;

Expected<MessageExtractor> MessageExtractor::Create(const MessageExtractorOptions& options) {
  if (options.scan_bytes_max == 0) {
    return Unexpected(
        Status(StatusCode::kInvalidArgument, "scan_bytes_max is 0: no message would be read"));
  }
  return MessageExtractor(std::make_unique<Impl>(Impl{options}));
}

MessageFields MessageExtractor::Extract(PaddedView message) noexcept {
  const std::string_view text = message.view();
  if (text.empty() || LooksLikeJsonObject(text)) return {};
  const std::string_view window = Window(text, impl_->options.scan_bytes_max);
  return {FindKeyValueTrace(window), FindLeadingLevel(window)};
}

}  // namespace podtail
