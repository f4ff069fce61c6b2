// Numbers for the texts of a batch. See text_numbers.h.
#include "text_numbers.h"

#include "absl/strings/string_view.h"
#include "arguments.h"

namespace palisade {

namespace {

constexpr napi_type_tag kTextNumbersTag = {0x2f7c9be15a604d83, 0x91d3a86e47f5b20c};
constexpr double kTextsMax = 1 << 24;
constexpr double kBytesMax = 1 << 24;
constexpr uint32_t kNoNumber = 0xffffffff;

}  // namespace

Napi::Function TextNumbers::Define(Napi::Env env) {
  return DefineClass(env, "TextNumbers", {InstanceMethod<&TextNumbers::Number>("number")});
}

TextNumbers::TextNumbers(const Napi::CallbackInfo& info) : Napi::ObjectWrap<TextNumbers>(info) {
  texts_max_ = WholeArgument(info, 0, kTextsMax, "textsMax must be a whole number up to 2^24");
  bytes_max_ = WholeArgument(info, 1, kBytesMax, "bytesMax must be a whole number up to 2^24");
  info.This().As<Napi::Object>().TypeTag(&kTextNumbersTag);
}

// Numbers are taken back before the first text of a call only, so that those of one call belong together. The table hashes with a
// seed of the process: whoever writes into a log cannot choose texts that meet in one place.
Napi::Value TextNumbers::Number(const Napi::CallbackInfo& info) {
  CheckThis(info, kTextNumbersTag);
  const Spans spans(info);
  auto out = TypedArgument<Napi::Uint32Array>(info, 3, napi_uint32_array, "out must be a Uint32Array");
  if (out.ElementLength() < spans.count()) throw Napi::RangeError::New(info.Env(), "out is too short");
  if (numbers_.size() + spans.count() > texts_max_ && !numbers_.empty()) {
    numbers_.clear();
    rounds_++;
  }
  uint32_t* numbers = out.Data();
  for (size_t i = 0; i < spans.count(); i++) {
    const absl::string_view text = spans.At(i);
    numbers[i] = kNoNumber;
    if (text.size() > bytes_max_) continue;
    const auto known = numbers_.find(text);
    if (known != numbers_.end()) numbers[i] = known->second;
    else if (numbers_.size() < texts_max_) {
      numbers[i] = static_cast<uint32_t>(numbers_.size());
      numbers_.emplace(text, numbers[i]);
    }
  }
  return Napi::Number::New(info.Env(), rounds_);
}

}  // namespace palisade
