// Batch execution of one RE2 program. See pattern.h.
#include "pattern.h"

#include <algorithm>
#include <utility>

#include "arguments.h"
#include "checked_patterns.h"

namespace palisade {

namespace {

constexpr napi_type_tag kPatternTag = {0x6b1f0a2c9d7e4f31, 0x8c52d0e7a1b94633};
constexpr double kMemoryBytesMax = 1 << 30;

}  // namespace

re2::RE2::Options OptionsWithin(size_t memory_bytes) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(static_cast<int64_t>(memory_bytes));
  return options;
}

Napi::Function Pattern::Define(Napi::Env env) {
  return DefineClass(env, "Pattern", {InstanceAccessor<&Pattern::GroupCount>("groupCount"),
                                      InstanceMethod<&Pattern::Exec>("exec")});
}

Napi::Value CheckPattern(const Napi::CallbackInfo& info) {
  const std::string text = TextArgument(info, 0, "regex must be a string");
  const size_t memory = WholeArgument(info, 1, kMemoryBytesMax, "memoryBytes must be a whole number up to 1 GiB");
  std::unique_ptr<re2::RE2> regex = TakeOrCompile(text, memory);
  if (!regex->ok()) throw Napi::Error::New(info.Env(), regex->error());
  KeepForUse(text, memory, std::move(regex));
  return info.Env().Undefined();
}

Pattern::Pattern(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Pattern>(info) {
  const std::string text = TextArgument(info, 0, "regex must be a string");
  const size_t memory = WholeArgument(info, 1, kMemoryBytesMax, "memoryBytes must be a whole number up to 1 GiB");
  regex_ = TakeOrCompile(text, memory);
  if (!regex_->ok()) throw Napi::Error::New(info.Env(), regex_->error());
  groups_.resize(1 + regex_->NumberOfCapturingGroups());
  info.This().As<Napi::Object>().TypeTag(&kPatternTag);
}

Napi::Value Pattern::GroupCount(const Napi::CallbackInfo& info) {
  CheckThis(info, kPatternTag);
  return Napi::Number::New(info.Env(), static_cast<double>(groups_.size() - 1));
}

// Pseudo code:
//   for each span: out = [matched, start of group, end of group, ...], offsets from the span's start, -1 where a
//   group took no part (all of them where the span did not match).
Napi::Value Pattern::Exec(const Napi::CallbackInfo& info) {
  CheckThis(info, kPatternTag);
  const Spans spans(info);
  const auto wanted = TypedArgument<Napi::Uint32Array>(info, 3, napi_uint32_array, "groups must be a Uint32Array");
  auto out = TypedArgument<Napi::Int32Array>(info, 4, napi_int32_array, "out must be an Int32Array");
  const size_t wanted_count = wanted.ElementLength();
  const size_t stride = 1 + 2 * wanted_count;
  if (spans.count() > 0 && out.ElementLength() / stride < spans.count()) {
    throw Napi::RangeError::New(info.Env(), "out is too short");
  }
  // Copied, so that memory shared with another thread cannot change them after the check.
  const std::vector<uint32_t> numbers(wanted.Data(), wanted.Data() + wanted_count);
  uint32_t highest = 0;
  for (const uint32_t number : numbers) highest = std::max(highest, number);
  if (highest >= groups_.size()) throw Napi::RangeError::New(info.Env(), "no group of that number");
  const int group_count = wanted_count == 0 ? 0 : static_cast<int>(highest) + 1;

  int32_t* row = out.Data();
  size_t matched = 0;
  for (size_t first = 0; first < spans.count(); first += Extractor::kLanes) {
    const size_t count = std::min(Extractor::kLanes, spans.count() - first);
    for (size_t i = 0; i < count; i++) lanes_[i].text = spans.At(first + i);
    Search(count, group_count);
    for (size_t i = 0; i < count; i++, row += stride) {
      const bool hit = lanes_[i].verdict == Extractor::Verdict::kHit;
      row[0] = hit ? 1 : 0;
      if (!hit) {
        std::fill(row + 1, row + stride, -1);
        continue;
      }
      matched++;
      const int32_t* captures = lanes_[i].captures.data();
      for (size_t g = 0; g < wanted_count; g++) {
        row[1 + 2 * g] = captures[2 * numbers[g]];
        row[2 + 2 * g] = captures[2 * numbers[g] + 1];
      }
    }
  }
  return Napi::Number::New(info.Env(), static_cast<double>(matched));
}

void Pattern::Search(size_t count, int group_count) {
  // Made at the first use, for many patterns are compiled only to learn whether they are valid.
  if (group_count > 0 && !extractor_made_) {
    extractor_made_ = true;
    extractor_ = Extractor::Make(*regex_);
  }
  const bool extracts = group_count > 0 && extractor_ != nullptr;
  if (extracts) extractor_->Search(lanes_, count);
  for (size_t i = 0; i < count; i++) {
    if (!extracts || lanes_[i].verdict == Extractor::Verdict::kUnknown) SearchWithRe2(&lanes_[i], group_count);
  }
}

void Pattern::SearchWithRe2(Extractor::Lane* lane, int group_count) {
  const absl::string_view text = lane->text;
  lane->verdict = Extractor::Verdict::kMiss;
  if (!regex_->Match(text, 0, text.size(), re2::RE2::UNANCHORED, groups_.data(), group_count)) return;
  lane->verdict = Extractor::Verdict::kHit;
  lane->captures.assign(2 * groups_.size(), -1);
  for (int group = 0; group < group_count; group++) {
    if (groups_[group].data() == nullptr) continue;
    lane->captures[2 * group] = static_cast<int32_t>(groups_[group].data() - text.data());
    lane->captures[2 * group + 1] = lane->captures[2 * group] + static_cast<int32_t>(groups_[group].size());
  }
}

}  // namespace palisade
