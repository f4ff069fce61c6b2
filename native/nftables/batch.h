// One transaction: messages between a begin and a commit, numbered from 1, so that an answer names its message and,
// for elements, the element. Bytes only; sending is Connection's.
#pragma once

#include <napi.h>

#include <cstdint>
#include <vector>

#include "message.h"

namespace palisade {

class Batch : public Napi::ObjectWrap<Batch> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit Batch(const Napi::CallbackInfo& info);

 private:
  /// Where the elements of a message end, and which element of its call is the first.
  struct Piece {
    uint32_t first = 0;
    std::vector<uint32_t> ends;
  };

  Napi::Value AddTable(const Napi::CallbackInfo& info);
  Napi::Value DeleteTable(const Napi::CallbackInfo& info);
  Napi::Value AddChain(const Napi::CallbackInfo& info);
  Napi::Value DeleteChain(const Napi::CallbackInfo& info);
  Napi::Value AddRule(const Napi::CallbackInfo& info);
  Napi::Value DeleteRules(const Napi::CallbackInfo& info);
  Napi::Value AddSet(const Napi::CallbackInfo& info);
  Napi::Value DeleteSet(const Napi::CallbackInfo& info);
  Napi::Value FlushSet(const Napi::CallbackInfo& info);
  Napi::Value PutElements(const Napi::CallbackInfo& info);
  Napi::Value Locate(const Napi::CallbackInfo& info);
  Napi::Value MessageCount(const Napi::CallbackInfo& info);
  Napi::Value Bytes(const Napi::CallbackInfo& info);

  /// Runs one writer of a message with the next number and returns the number; a failed one leaves no bytes.
  template <typename Write>
  Napi::Value Put(const Napi::CallbackInfo& info, Write write);

  MessageWriter writer_;
  /// By message number less 1.
  std::vector<Piece> pieces_;
};

}  // namespace palisade
