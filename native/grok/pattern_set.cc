// Batch execution of an RE2::Set. See pattern_set.h.
#include "pattern_set.h"

#include <algorithm>
#include <string>

#include "arguments.h"
#include "pattern.h"

namespace palisade {

namespace {

constexpr napi_type_tag kPatternSetTag = {0x1d94c6a8e03b4f7a, 0xb7e1528f6c0d4a95};
constexpr double kMemoryBytesMax = 1 << 30;

}  // namespace

Napi::Function PatternSet::Define(Napi::Env env) {
  return DefineClass(env, "PatternSet", {InstanceMethod<&PatternSet::Match>("match")});
}

PatternSet::PatternSet(const Napi::CallbackInfo& info) : Napi::ObjectWrap<PatternSet>(info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsArray()) throw Napi::TypeError::New(env, "regexes must be an array of strings");
  const auto regexes = info[0].As<Napi::Array>();
  const size_t memory = WholeArgument(info, 1, kMemoryBytesMax, "memoryBytes must be a whole number up to 1 GiB");
  set_ = std::make_unique<re2::RE2::Set>(OptionsWithin(memory), re2::RE2::UNANCHORED);
  size_ = regexes.Length();
  words_ = (size_ + 31) / 32;
  for (uint32_t i = 0; i < size_; i++) {
    const Napi::Value regex = regexes.Get(i);
    if (!regex.IsString()) throw Napi::TypeError::New(env, "regexes must be an array of strings");
    std::string reason;
    if (set_->Add(regex.As<Napi::String>().Utf8Value(), &reason) < 0) {
      Napi::Error error = Napi::Error::New(env, reason);
      error.Set("index", Napi::Number::New(env, i));
      throw error;
    }
  }
  compiled_ = set_->Compile();
  info.This().As<Napi::Object>().TypeTag(&kPatternSetTag);
}

Napi::Value PatternSet::Match(const Napi::CallbackInfo& info) {
  CheckThis(info, kPatternSetTag);
  const Spans spans(info);
  auto masks = TypedArgument<Napi::Uint32Array>(info, 3, napi_uint32_array, "masks must be a Uint32Array");
  if (words_ > 0 && masks.ElementLength() / words_ < spans.count()) {
    throw Napi::RangeError::New(info.Env(), "masks is too short");
  }
  uint32_t* row = masks.Data();
  size_t exhausted = 0;
  for (size_t i = 0; i < spans.count() && words_ > 0; i++, row += words_) {
    const absl::string_view text = spans.At(i);
    std::fill(row, row + words_, 0);
    re2::RE2::Set::ErrorInfo reason{re2::RE2::Set::kNoError};
    if (compiled_ && set_->Match(text, &found_, &reason)) {
      for (const int index : found_) row[index / 32] |= 1u << (index % 32);
    } else if (!compiled_ || reason.kind != re2::RE2::Set::kNoError) {
      FillAll(row);
      exhausted++;
    }
  }
  return Napi::Number::New(info.Env(), static_cast<double>(exhausted));
}

void PatternSet::FillAll(uint32_t* row) const {
  for (size_t index = 0; index < size_; index++) row[index / 32] |= 1u << (index % 32);
}

}  // namespace palisade
