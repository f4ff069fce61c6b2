// Reads and checks what JavaScript passes. See arguments.h.
#include "arguments.h"

#include <cmath>

namespace palisade {

namespace {

// A text is addressed with signed 32-bit offsets in the result.
constexpr double kByteLengthMax = 2147483647.0;

}  // namespace

Spans::Spans(const Napi::CallbackInfo& info) : env_(info.Env()) {
  const auto bytes = TypedArgument<Napi::Uint8Array>(info, 0, napi_uint8_array, "bytes must be a Uint8Array");
  const auto spans = TypedArgument<Napi::Uint32Array>(info, 1, napi_uint32_array, "spans must be a Uint32Array");
  const size_t count = WholeArgument(info, 2, kByteLengthMax, "count must be a whole number");
  if (count > spans.ElementLength() / 2) {
    throw Napi::RangeError::New(env_, "spans holds fewer than count pairs");
  }
  if (static_cast<double>(bytes.ByteLength()) > kByteLengthMax) {
    throw Napi::RangeError::New(env_, "bytes is longer than 2 GiB");
  }
  // An empty buffer may have no address; RE2 tells a group that matched nothing from one that took no part by address.
  bytes_ = bytes.ByteLength() == 0 ? "" : reinterpret_cast<const char*>(bytes.Data());
  byte_length_ = bytes.ByteLength();
  spans_ = spans.Data();
  count_ = count;
}

void Spans::ThrowOutside(size_t index, size_t start, size_t end) const {
  throw Napi::RangeError::New(env_, "span " + std::to_string(index) + " is " + std::to_string(start) + " to " +
                                        std::to_string(end) + " of " + std::to_string(byte_length_) + " bytes");
}

size_t WholeArgument(const Napi::CallbackInfo& info, size_t index, double max, const char* what) {
  const Napi::Value value = info[index];
  if (!value.IsNumber()) throw Napi::TypeError::New(info.Env(), what);
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= 0 && number <= max) || std::floor(number) != number) {
    throw Napi::RangeError::New(info.Env(), what);
  }
  return static_cast<size_t>(number);
}

std::string TextArgument(const Napi::CallbackInfo& info, size_t index, const char* what) {
  const Napi::Value value = info[index];
  if (!value.IsString()) throw Napi::TypeError::New(info.Env(), what);
  return value.As<Napi::String>().Utf8Value();
}

void CheckThis(const Napi::CallbackInfo& info, const napi_type_tag& tag) {
  const Napi::Value self = info.This();
  if (!self.IsObject() || !self.As<Napi::Object>().CheckTypeTag(&tag)) {
    throw Napi::TypeError::New(info.Env(), "called on an object of another class");
  }
}

}  // namespace palisade
