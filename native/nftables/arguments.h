// Checked arguments from JavaScript: the wrong type is a TypeError, a bad length a RangeError; nothing here trusts
// the other side.
#pragma once

#include <napi.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "objects.h"

namespace palisade {

/// Argument `index` as a whole number from `min` to `max`.
double WholeArgument(const Napi::CallbackInfo& info, size_t index, double min, double max, const char* what);

/// Argument `index` as text; shorter than the kernel's names may be (256 bytes).
std::string NameArgument(const Napi::CallbackInfo& info, size_t index, const char* what);

/// Arguments 0 and 1: family and table.
Scope ScopeArguments(const Napi::CallbackInfo& info);

/// Argument `index` as a typed array of this element type with at least `count` elements; null and undefined give null.
template <typename Array, typename Element>
const Element* OptionalArray(const Napi::CallbackInfo& info, size_t index, napi_typedarray_type type, size_t count,
                             const char* what) {
  const Napi::Value value = info[index];
  if (value.IsUndefined() || value.IsNull()) return nullptr;
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    throw Napi::TypeError::New(info.Env(), std::string(what) + " has the wrong type");
  }
  const Array array = value.As<Array>();
  if (array.ElementLength() < count) throw Napi::RangeError::New(info.Env(), std::string(what) + " is too short");
  // An empty array may have no memory; null is kept for "not given".
  static const Element nothing{};
  return array.ElementLength() == 0 ? &nothing : array.Data();
}

/// A copy as a typed array.
template <typename Array, typename Element>
Array ArrayOf(Napi::Env env, const std::vector<Element>& values) {
  auto array = Array::New(env, values.size());
  std::copy(values.begin(), values.end(), array.Data());
  return array;
}

/// A C++ exception as JavaScript's; an errno becomes the property `errno`.
struct SystemError;
Napi::Error ToError(Napi::Env env, const std::exception& error);
Napi::Error ToError(Napi::Env env, const SystemError& error);

/// An object as JavaScript sees it.
struct Object;
Napi::Object ToValue(Napi::Env env, const Object& object);

/// Throws a TypeError unless `this` is an object made by the class that owns `tag`.
void CheckThis(const Napi::CallbackInfo& info, const napi_type_tag& tag);

}  // namespace palisade
