// See arguments.h.
#include "arguments.h"

#include <cmath>

#include "decode.h"
#include "socket.h"

namespace palisade {

namespace {

constexpr size_t kNameBytesMax = 255;

}  // namespace

double WholeArgument(const Napi::CallbackInfo& info, size_t index, double min, double max, const char* what) {
  const Napi::Value value = info[index];
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : NAN;
  if (!(number >= min && number <= max) || number != std::floor(number)) {
    throw Napi::TypeError::New(info.Env(), std::string(what) + " must be a whole number in its range");
  }
  return number;
}

std::string NameArgument(const Napi::CallbackInfo& info, size_t index, const char* what) {
  if (!info[index].IsString()) throw Napi::TypeError::New(info.Env(), std::string(what) + " must be a string");
  std::string name = info[index].As<Napi::String>().Utf8Value();
  if (name.empty() || name.size() > kNameBytesMax || name.find('\0') != std::string::npos) {
    throw Napi::RangeError::New(info.Env(), std::string(what) + " must have 1 to 255 bytes");
  }
  return name;
}

Scope ScopeArguments(const Napi::CallbackInfo& info) {
  return {static_cast<uint8_t>(WholeArgument(info, 0, 0, 255, "family")), NameArgument(info, 1, "table")};
}

Napi::Error ToError(Napi::Env env, const std::exception& error) {
  return Napi::Error::New(env, error.what());
}

Napi::Error ToError(Napi::Env env, const SystemError& error) {
  Napi::Error value = Napi::Error::New(env, error.what());
  value.Value().Set("errno", Napi::Number::New(env, error.number));
  return value;
}

Napi::Object ToValue(Napi::Env env, const Object& object) {
  Napi::Object value = Napi::Object::New(env);
  value.Set("kind", object.kind);
  value.Set("isDelete", object.is_delete);
  value.Set("family", object.family);
  value.Set("port", object.port);
  value.Set("table", object.table);
  value.Set("name", object.name);
  value.Set("comment", object.comment);
  value.Set("handle", static_cast<double>(object.handle));
  value.Set("flags", static_cast<double>(object.flags));
  value.Set("keyType", object.key_type);
  value.Set("keyLength", object.key_length);
  value.Set("hook", object.hook);
  value.Set("priority", object.priority);
  value.Set("packets", static_cast<double>(object.packets));
  value.Set("bytes", static_cast<double>(object.bytes));
  value.Set("expressions", object.expressions);
  return value;
}

void CheckThis(const Napi::CallbackInfo& info, const napi_type_tag& tag) {
  const Napi::Value self = info.This();
  if (!self.IsObject() || !self.As<Napi::Object>().CheckTypeTag(&tag)) {
    throw Napi::TypeError::New(info.Env(), "called on an object of another class");
  }
}

}  // namespace palisade
