// SPDX-License-Identifier: Apache-2.0
#ifndef PODTAIL_ENGINE_ENRICH_LEVEL_TOKEN_H_
#define PODTAIL_ENGINE_ENRICH_LEVEL_TOKEN_H_
// The level that a line of text starts with, in one of three places:
//
//   [WARN] text                               Nest, winston: npm's levels
//   INFO:     text                            uvicorn
//   2026-11-22 14:03:54,695 INFO text         Python; date and time may be one
//                                             token, joined by 'T'
//
// sinks.md D.3 gives the numbers. Pure; reads the first tokens only.
#include <string_view>

#include "podtail/severity.h"

namespace podtail {

// Number 0 and no text when there is none. Borrows from `text`.
Severity FindLeadingLevel(std::string_view text) noexcept;

}  // namespace podtail
#endif
