// See checked_patterns.h.
#include "checked_patterns.h"

#include <map>
#include <mutex>
#include <utility>

#include "pattern.h"

namespace palisade {

namespace {

/// A whole hub has a few hundred; what was checked and is never run must not pile up.
constexpr size_t kKeptMax = 2048;

struct Kept {
  std::mutex mutex;
  std::map<std::pair<size_t, std::string>, std::unique_ptr<re2::RE2>> by_text;
};

/// Never destroyed: threads may still be at work when the process ends.
Kept& Store() {
  static Kept* const store = new Kept();
  return *store;
}

}  // namespace

std::unique_ptr<re2::RE2> TakeOrCompile(const std::string& text, size_t memory_bytes) {
  {
    Kept& store = Store();
    const std::lock_guard<std::mutex> lock(store.mutex);
    const auto found = store.by_text.find({memory_bytes, text});
    if (found != store.by_text.end()) {
      std::unique_ptr<re2::RE2> regex = std::move(found->second);
      store.by_text.erase(found);
      return regex;
    }
  }
  return std::make_unique<re2::RE2>(text, OptionsWithin(memory_bytes));
}

void KeepForUse(const std::string& text, size_t memory_bytes, std::unique_ptr<re2::RE2> regex) {
  Kept& store = Store();
  const std::lock_guard<std::mutex> lock(store.mutex);
  if (store.by_text.size() < kKeptMax) store.by_text.insert_or_assign({memory_bytes, text}, std::move(regex));
}

}  // namespace palisade
