// Checked views of typed-array arguments. The wrong type is a TypeError, a bad length or span a RangeError; nothing
// here trusts the JavaScript side, so a mistake there can throw but never read or write out of bounds.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace palisade {

/// Bytes of log text and the places of lines in it. The arrays stay owned by JavaScript and are only valid during
/// the call that read them.
class Spans {
 public:
  /// Takes (bytes: Uint8Array, spans: Uint32Array, count: number) from arguments 0 to 2.
  explicit Spans(const Napi::CallbackInfo& info);

  size_t count() const { return count_; }

  /// The text of span `index`. Each number is read once, so a writer in another thread (shared memory) cannot slip
  /// past the check.
  absl::string_view At(size_t index) const {
    const size_t start = spans_[2 * index];
    const size_t end = spans_[2 * index + 1];
    if (start > end || end > byte_length_) ThrowOutside(index, start, end);
    return absl::string_view(bytes_ + start, end - start);
  }

 private:
  [[noreturn]] void ThrowOutside(size_t index, size_t start, size_t end) const;

  Napi::Env env_;
  const char* bytes_ = nullptr;
  size_t byte_length_ = 0;
  const volatile uint32_t* spans_ = nullptr;
  size_t count_ = 0;
};

/// Argument `index` as a typed array of exactly this element type.
template <typename Array>
Array TypedArgument(const Napi::CallbackInfo& info, size_t index, napi_typedarray_type type, const char* what) {
  const Napi::Value value = info[index];
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    throw Napi::TypeError::New(info.Env(), std::string(what));
  }
  return value.As<Array>();
}

/// Argument `index` as a whole number from 0 to `max`.
size_t WholeArgument(const Napi::CallbackInfo& info, size_t index, double max, const char* what);

/// Argument `index` as UTF-8 text.
std::string TextArgument(const Napi::CallbackInfo& info, size_t index, const char* what);

/// Throws a TypeError unless `this` is an object made by the class that owns `tag`.
void CheckThis(const Napi::CallbackInfo& info, const napi_type_tag& tag);

}  // namespace palisade
