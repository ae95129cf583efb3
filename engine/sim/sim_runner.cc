// SPDX-License-Identifier: Apache-2.0
#include "engine/sim/sim_runner.h"

#include <algorithm>
#include <exception>

namespace podtail {

SimResult RunTape(ChoiceTape tape, const SimWorldOptions& options, std::size_t events_kept) {
  SimTrace trace(events_kept);
  SimResult result;
  {
    SimWorld world(options, &tape, &trace);
    try {
      world.Run();
    } catch (const std::exception& error) {
      // An assertion of the engine, where they are on, or no memory.
      trace.Fail("I9", error.what());
    }
    result.effects = world.effects();
  }
  result.failure = trace.failure();
  result.hash = trace.hash();
  result.marks = trace.marks();
  result.timeline = trace.Timeline();
  result.numbers = tape.drawn();
  return result;
}

std::string FailureLine(const SimResult& result, std::string_view how_to_replay) {
  std::string line = "SIM FAIL inv=";
  line.append(result.failure.invariant).append(" ").append(how_to_replay);
  line.append(" step=").append(std::to_string(result.failure.step));
  line.append(" replay: podtail replay --").append(how_to_replay);
  return line.append(" | ").append(result.failure.message);
}

namespace {

// Looks for a smaller tape that breaks the same invariant.
class Shrinker {
 public:
  Shrinker(const SimResult& broken, const SimWorldOptions& options, std::uint64_t runs_max)
      : wanted_(broken.failure.invariant), runs_max_(runs_max) {
    best_.options = options;
    best_.options.steps = std::min(options.steps, broken.failure.step + 1);
    best_.numbers = broken.numbers;
    (void)Try(broken.numbers);
  }

  SimShrunk Take() && { return std::move(best_); }

  bool DeleteChunks(std::size_t chunk) {
    bool smaller = false;
    for (std::size_t at = 0; at < best_.numbers.size() && !done();) {
      auto numbers = best_.numbers;
      const std::size_t n = std::min(chunk, numbers.size() - at);
      const auto begin = numbers.begin() + static_cast<std::ptrdiff_t>(at);
      numbers.erase(begin, begin + static_cast<std::ptrdiff_t>(n));
      if (Try(std::move(numbers))) {
        smaller = true;
      } else {
        at += chunk;
      }
    }
    return smaller;
  }

  bool LowerChunks(std::size_t chunk, bool zero) {
    bool smaller = false;
    for (std::size_t at = 0; at < best_.numbers.size() && !done(); at += chunk) {
      auto numbers = best_.numbers;
      bool changed = false;
      for (std::size_t i = at; i < std::min(at + chunk, numbers.size()); ++i) {
        const std::uint32_t low = zero ? 0 : numbers[i] / 2;
        changed = changed || low != numbers[i];
        numbers[i] = low;
      }
      if (changed && Try(std::move(numbers))) smaller = true;
    }
    return smaller;
  }

  bool done() const { return best_.runs >= runs_max_; }
  std::size_t size() const { return best_.numbers.size(); }

 private:
  bool Try(std::vector<std::uint32_t> numbers) {
    ++best_.runs;
    const SimResult result = RunTape(ChoiceTape::FromNumbers(std::move(numbers)), best_.options);
    if (result.failure.invariant != wanted_) return false;
    auto drawn = result.numbers;
    while (!drawn.empty() && drawn.back() == 0) drawn.pop_back();
    best_.numbers = std::move(drawn);
    best_.options.steps = std::min(best_.options.steps, result.failure.step + 1);
    return true;
  }

  const std::string wanted_;
  const std::uint64_t runs_max_;
  SimShrunk best_;
};

}  // namespace

SimShrunk Shrink(const SimResult& broken, const SimWorldOptions& options, std::uint64_t runs_max) {
  Shrinker shrinker(broken, options, runs_max);
  for (bool smaller = true; smaller && !shrinker.done();) {
    smaller = false;
    for (std::size_t chunk = std::max<std::size_t>(1, shrinker.size() / 2); chunk > 0; chunk /= 2) {
      smaller = shrinker.DeleteChunks(chunk) || smaller;
      smaller = shrinker.LowerChunks(chunk, true) || smaller;
    }
    smaller = shrinker.LowerChunks(1, false) || smaller;
  }
  return std::move(shrinker).Take();
}

}  // namespace podtail
