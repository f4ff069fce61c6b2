// See batch.h.
#include "batch.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>

#include "arguments.h"
#include "objects.h"

namespace palisade {

namespace {

constexpr napi_type_tag kBatchTag = {0x1d5e0b7a93c84f26, 0x9a7be31c54d80f62};
constexpr double kU32Max = 4294967295.0;
constexpr double kSafeMax = 9007199254740991.0;
constexpr double kElementsMax = 16777216;
constexpr double kKeyBytesMax = 64;

uint32_t NumberOf(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  return value.IsNumber() ? value.As<Napi::Number>().Uint32Value() : 0;
}

Expression ToExpression(Napi::Env env, const Napi::Value& value) {
  if (!value.IsObject()) throw Napi::TypeError::New(env, "an expression must be an object");
  const Napi::Object object = value.As<Napi::Object>();
  Expression expression;
  expression.kind = object.Get("kind").ToString().Utf8Value();
  if (object.Get("text").IsString()) expression.text = object.Get("text").As<Napi::String>().Utf8Value();
  expression.a = NumberOf(object, "a");
  expression.b = NumberOf(object, "b");
  expression.c = NumberOf(object, "c");
  const Napi::Value data = object.Get("data");
  if (data.IsTypedArray() && data.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array) {
    const auto bytes = data.As<Napi::Uint8Array>();
    expression.data.assign(bytes.Data(), bytes.Data() + bytes.ElementLength());
  }
  if (expression.text.size() > 255 || expression.data.size() > kKeyBytesMax) {
    throw Napi::RangeError::New(env, "an expression is too long");
  }
  return expression;
}

std::optional<std::vector<std::string>> ToComments(const Napi::CallbackInfo& info, size_t index, size_t count) {
  if (!info[index].IsArray()) return std::nullopt;
  const Napi::Array array = info[index].As<Napi::Array>();
  if (array.Length() < count) throw Napi::RangeError::New(info.Env(), "comments is too short");
  std::vector<std::string> comments(count);
  for (size_t at = 0; at < count; at++) {
    const Napi::Value comment = array.Get(static_cast<uint32_t>(at));
    if (comment.IsString()) comments[at] = comment.As<Napi::String>().Utf8Value();
  }
  return comments;
}

}  // namespace

Napi::Function Batch::Define(Napi::Env env) {
  return DefineClass(env, "Batch",
                     {InstanceMethod<&Batch::AddTable>("addTable"), InstanceMethod<&Batch::DeleteTable>("deleteTable"),
                      InstanceMethod<&Batch::AddChain>("addChain"), InstanceMethod<&Batch::DeleteChain>("deleteChain"),
                      InstanceMethod<&Batch::AddRule>("addRule"), InstanceMethod<&Batch::DeleteRules>("deleteRules"),
                      InstanceMethod<&Batch::AddSet>("addSet"), InstanceMethod<&Batch::DeleteSet>("deleteSet"),
                      InstanceMethod<&Batch::FlushSet>("flushSet"),
                      InstanceMethod<&Batch::PutElements>("putElements"), InstanceMethod<&Batch::Locate>("locate"),
                      InstanceAccessor<&Batch::MessageCount>("messageCount"), InstanceMethod<&Batch::Bytes>("bytes")});
}

Batch::Batch(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Batch>(info) {
  writer_.Begin(NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
  writer_.End();
  info.This().As<Napi::Object>().TypeTag(&kBatchTag);
}

template <typename Write>
Napi::Value Batch::Put(const Napi::CallbackInfo& info, Write write) {
  CheckThis(info, kBatchTag);
  const size_t length = writer_.bytes().size();
  pieces_.emplace_back();
  const uint32_t sequence = static_cast<uint32_t>(pieces_.size());
  try {
    write(sequence, pieces_.back());
  } catch (const Napi::Error&) {
    pieces_.pop_back();
    writer_.bytes().resize(length);
    throw;
  } catch (const std::exception& error) {
    pieces_.pop_back();
    writer_.bytes().resize(length);
    throw ToError(info.Env(), error);
  }
  return Napi::Number::New(info.Env(), sequence);
}

Napi::Value Batch::AddTable(const Napi::CallbackInfo& info) {
  return Put(info, [&](uint32_t sequence, Piece&) { PutTable(writer_, sequence, ScopeArguments(info)); });
}

Napi::Value Batch::DeleteTable(const Napi::CallbackInfo& info) {
  return Put(info, [&](uint32_t sequence, Piece&) { PutTableDelete(writer_, sequence, ScopeArguments(info)); });
}

Napi::Value Batch::AddChain(const Napi::CallbackInfo& info) {
  return Put(info, [&](uint32_t sequence, Piece&) {
    Hook hook{};
    const bool is_base = info[3].IsNumber();
    if (is_base) {
      hook.number = static_cast<uint32_t>(WholeArgument(info, 3, 0, 5, "hook"));
      hook.priority = static_cast<int32_t>(WholeArgument(info, 4, -2147483648.0, 2147483647.0, "priority"));
    }
    PutChain(writer_, sequence, ScopeArguments(info), NameArgument(info, 2, "chain"), is_base ? &hook : nullptr);
  });
}

Napi::Value Batch::DeleteChain(const Napi::CallbackInfo& info) {
  return Put(info, [&](uint32_t sequence, Piece&) {
    PutChainDelete(writer_, sequence, ScopeArguments(info), NameArgument(info, 2, "chain"));
  });
}

Napi::Value Batch::AddRule(const Napi::CallbackInfo& info) {
  return Put(info, [&](uint32_t sequence, Piece&) {
    if (!info[3].IsArray()) throw Napi::TypeError::New(info.Env(), "expressions must be an array");
    const Napi::Array list = info[3].As<Napi::Array>();
    std::vector<Expression> expressions;
    for (uint32_t index = 0; index < list.Length(); index++) {
      expressions.push_back(ToExpression(info.Env(), list.Get(index)));
    }
    PutRule(writer_, sequence, ScopeArguments(info), NameArgument(info, 2, "chain"), expressions,
            info[4].IsString() ? info[4].As<Napi::String>().Utf8Value() : std::string());
  });
}

Napi::Value Batch::DeleteRules(const Napi::CallbackInfo& info) {
  return Put(info, [&](uint32_t sequence, Piece&) {
    const double handle = info[3].IsUndefined() ? 0 : WholeArgument(info, 3, 0, kSafeMax, "handle");
    PutRuleDelete(writer_, sequence, ScopeArguments(info), NameArgument(info, 2, "chain"),
                  static_cast<uint64_t>(handle));
  });
}

Napi::Value Batch::AddSet(const Napi::CallbackInfo& info) {
  return Put(info, [&](uint32_t sequence, Piece&) {
    const SetSpec set = {NameArgument(info, 2, "set"), sequence,
                         static_cast<uint32_t>(WholeArgument(info, 3, 0, kU32Max, "keyType")),
                         static_cast<uint32_t>(WholeArgument(info, 4, 1, kKeyBytesMax, "keyLength")),
                         static_cast<uint32_t>(WholeArgument(info, 5, 0, kU32Max, "flags"))};
    PutSet(writer_, sequence, ScopeArguments(info), set);
  });
}

Napi::Value Batch::DeleteSet(const Napi::CallbackInfo& info) {
  return Put(info, [&](uint32_t sequence, Piece&) {
    PutSetDelete(writer_, sequence, ScopeArguments(info), NameArgument(info, 2, "set"));
  });
}

Napi::Value Batch::FlushSet(const Napi::CallbackInfo& info) {
  return Put(info, [&](uint32_t sequence, Piece&) {
    PutSetFlush(writer_, sequence, ScopeArguments(info), NameArgument(info, 2, "set"));
  });
}

// Pseudo code: while elements are left, one message with as many as fit. Returns the number of the first message.
Napi::Value Batch::PutElements(const Napi::CallbackInfo& info) {
  CheckThis(info, kBatchTag);
  const Scope scope = ScopeArguments(info);
  const std::string set = NameArgument(info, 2, "set");
  const auto action = static_cast<ElementAction>(static_cast<int>(WholeArgument(info, 3, 0, 2, "action")));
  const auto count = static_cast<size_t>(WholeArgument(info, 4, 0, kElementsMax, "count"));
  const auto key_length = static_cast<size_t>(WholeArgument(info, 5, 1, kKeyBytesMax, "keyLength"));
  Elements elements{};
  elements.count = count;
  elements.key_length = key_length;
  elements.keys = OptionalArray<Napi::Uint8Array, uint8_t>(info, 6, napi_uint8_array, count * key_length, "keys");
  if (elements.keys == nullptr) throw Napi::TypeError::New(info.Env(), "keys must be a Uint8Array");
  elements.timeouts_ms =
      OptionalArray<Napi::Float64Array, double>(info, 7, napi_float64_array, count, "timeoutsMs");
  elements.flags = OptionalArray<Napi::Uint8Array, uint8_t>(info, 8, napi_uint8_array, count, "flags");
  const auto comments = ToComments(info, 9, count);
  elements.comments = comments ? &*comments : nullptr;
  const size_t first_message = pieces_.size() + 1;
  for (size_t next = 0; next < count;) {
    Put(info, [&](uint32_t sequence, Piece& piece) {
      piece.first = static_cast<uint32_t>(next);
      next = palisade::PutElements(writer_, sequence, scope, set, action, elements, next, piece.ends);
    });
  }
  return Napi::Number::New(info.Env(), static_cast<double>(first_message));
}

Napi::Value Batch::Locate(const Napi::CallbackInfo& info) {
  CheckThis(info, kBatchTag);
  const auto message = static_cast<size_t>(WholeArgument(info, 0, 0, kU32Max, "message"));
  const auto offset = static_cast<uint32_t>(WholeArgument(info, 1, 0, kU32Max, "offset"));
  if (message == 0 || message > pieces_.size() || offset == 0) return Napi::Number::New(info.Env(), -1);
  const Piece& piece = pieces_[message - 1];
  const auto end = std::upper_bound(piece.ends.begin(), piece.ends.end(), offset);
  if (end == piece.ends.end()) return Napi::Number::New(info.Env(), -1);
  return Napi::Number::New(info.Env(), static_cast<double>(piece.first + (end - piece.ends.begin())));
}

Napi::Value Batch::MessageCount(const Napi::CallbackInfo& info) {
  CheckThis(info, kBatchTag);
  return Napi::Number::New(info.Env(), static_cast<double>(pieces_.size()));
}

/// The whole transaction; messages can still be added, the commit is only in the copy.
Napi::Value Batch::Bytes(const Napi::CallbackInfo& info) {
  CheckThis(info, kBatchTag);
  MessageWriter end;
  end.Begin(NFNL_MSG_BATCH_END, NLM_F_REQUEST, static_cast<uint32_t>(pieces_.size() + 1), AF_UNSPEC,
            NFNL_SUBSYS_NFTABLES);
  end.End();
  const size_t length = writer_.bytes().size();
  auto bytes = Napi::Uint8Array::New(info.Env(), length + end.bytes().size());
  std::copy(writer_.bytes().begin(), writer_.bytes().end(), bytes.Data());
  std::copy(end.bytes().begin(), end.bytes().end(), bytes.Data() + length);
  return bytes;
}

}  // namespace palisade
