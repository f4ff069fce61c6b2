// Entry of nftables.node: transactions, requests, notifications, and the decoder by itself for tests.
#include <napi.h>

#include "arguments.h"
#include "batch.h"
#include "connection.h"
#include "decode.h"
#include "ipset.h"
#include "monitor.h"

namespace {

using palisade::Message;
using palisade::MessageReader;
using palisade::Object;

/// decode(bytes, keyLength): [objects, element count, keys] of all messages in a datagram.
Napi::Value Decode(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto* bytes = palisade::OptionalArray<Napi::Uint8Array, uint8_t>(info, 0, napi_uint8_array, 0, "bytes");
  if (bytes == nullptr) throw Napi::TypeError::New(env, "bytes must be a Uint8Array");
  // A copy of exactly this length, so that a sanitizer sees a read beyond it.
  const size_t length = info[0].As<Napi::Uint8Array>().ElementLength();
  const std::vector<uint8_t> copy(bytes, bytes + length);
  const auto key_length = static_cast<size_t>(palisade::WholeArgument(info, 1, 1, 64, "keyLength"));
  Napi::Array objects = Napi::Array::New(env);
  palisade::ElementList list;
  palisade::IpsetContent ipset;
  Napi::Array acknowledgements = Napi::Array::New(env);
  Message message{};
  for (MessageReader reader(copy.data(), copy.size()); reader.Next(message);) {
    Object object{};
    if (palisade::ReadObject(message, object)) objects.Set(objects.Length(), palisade::ToValue(env, object));
    palisade::ReadElements(message, key_length, list);
    palisade::ReadIpset(message, key_length, ipset);
    palisade::Acknowledgement answer{};
    if (!palisade::ReadAcknowledgement(message, answer)) continue;
    Napi::Array numbers = Napi::Array::New(env, 3);
    numbers.Set(uint32_t{0}, answer.sequence);
    numbers.Set(uint32_t{1}, answer.error);
    numbers.Set(uint32_t{2}, answer.offset);
    acknowledgements.Set(acknowledgements.Length(), numbers);
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("objects", objects);
  result.Set("acknowledgements", acknowledgements);
  result.Set("keys", palisade::ArrayOf<Napi::Uint8Array>(env, list.keys));
  result.Set("malformed", static_cast<double>(list.malformed));
  result.Set("ipset", palisade::ToValue(env, ipset));
  return result;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("Batch", palisade::Batch::Define(env));
  exports.Set("Connection", palisade::Connection::Define(env));
  exports.Set("Monitor", palisade::Monitor::Define(env));
  exports.Set("decode", Napi::Function::New(env, Decode));
  return exports;
}

}  // namespace

NODE_API_MODULE(nftables, Init)
