// See connection.h.
#include "connection.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "arguments.h"
#include "conntrack.h"
#include "decode.h"
#include "message.h"
#include "request.h"

namespace palisade {

namespace {

constexpr napi_type_tag kConnectionTag = {0x74c2a6d09f1b4e83, 0xb60d9c2e718f4a55};
constexpr double kBufferBytesMax = 1 << 30;
/// A dump that was changed under way starts anew this often.
constexpr int kDumpTriesMax = 8;
constexpr uint32_t kSequence = 1;

/// Reads what the kernel holds, anew when it changed meanwhile.
class DumpRequest : public Request {
 public:
  DumpRequest(const Napi::CallbackInfo& info, Connection* connection, uint16_t type)
      : Request(info, connection) {
    writer_.Begin((NFNL_SUBSYS_NFTABLES << 8) | type, NLM_F_REQUEST | NLM_F_DUMP, kSequence,
                  static_cast<uint8_t>(WholeArgument(info, type == NFT_MSG_GETSETELEM ? 0 : 1, 0, 255, "family")), 0);
  }

 protected:
  virtual void Clear() = 0;
  virtual void Take(const Message& message) = 0;

  void Run(Socket& socket) override {
    writer_.End();
    for (int tries = 1;; tries++) {
      Clear();
      try {
        socket.Dump(writer_.bytes(), kSequence, [this](const Message& message) { Take(message); });
        return;
      } catch (const SystemError& error) {
        if ((error.number != EINTR && error.number != ENOBUFS) || tries == kDumpTriesMax) throw;
      }
    }
  }

  MessageWriter writer_;
};

class ObjectsRequest : public DumpRequest {
 public:
  ObjectsRequest(const Napi::CallbackInfo& info, Connection* connection, uint16_t type, std::string table)
      : DumpRequest(info, connection, type), table_(std::move(table)) {
    // Chains are dumped whole whatever is asked; rules and sets by table.
    if (!table_.empty() && type == NFT_MSG_GETRULE) writer_.PutText(NFTA_RULE_TABLE, table_);
    if (!table_.empty() && type == NFT_MSG_GETSET) writer_.PutText(NFTA_SET_TABLE, table_);
  }

 private:
  void Clear() override { objects_.clear(); }

  void Take(const Message& message) override {
    Object object{};
    if (ReadObject(message, object) && (table_.empty() || object.table == table_)) objects_.push_back(object);
  }

  Napi::Value Result(Napi::Env env) override {
    Napi::Array result = Napi::Array::New(env, objects_.size());
    for (size_t index = 0; index < objects_.size(); index++) {
      result.Set(static_cast<uint32_t>(index), ToValue(env, objects_[index]));
    }
    return result;
  }

  std::string table_;
  std::vector<Object> objects_;
};

class ElementsRequest : public DumpRequest {
 public:
  ElementsRequest(const Napi::CallbackInfo& info, Connection* connection, const std::string& table,
                  const std::string& set, size_t key_length)
      : DumpRequest(info, connection, NFT_MSG_GETSETELEM), key_length_(key_length) {
    writer_.PutText(NFTA_SET_ELEM_LIST_TABLE, table);
    writer_.PutText(NFTA_SET_ELEM_LIST_SET, set);
  }

 private:
  void Clear() override { list_ = ElementList{}; }
  void Take(const Message& message) override { ReadElements(message, key_length_, list_); }

  Napi::Value Result(Napi::Env env) override;

  size_t key_length_;
  ElementList list_;
};

/// Asks for the element that has a key; of an interval set for the beginning of the interval that holds it.
class ElementRequest : public Request {
 public:
  ElementRequest(const Napi::CallbackInfo& info, Connection* connection, const Scope& scope, const std::string& set,
                 const uint8_t* key, size_t key_length)
      : Request(info, connection), key_length_(key_length) {
    // The acknowledgement behind the answer ends it as it would end a dump.
    writer_.Begin((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETSETELEM, NLM_F_REQUEST | NLM_F_ACK, kSequence, scope.family, 0);
    writer_.PutText(NFTA_SET_ELEM_LIST_TABLE, scope.table);
    writer_.PutText(NFTA_SET_ELEM_LIST_SET, set);
    const size_t list = writer_.Open(NFTA_SET_ELEM_LIST_ELEMENTS);
    const size_t element = writer_.Open(NFTA_LIST_ELEM);
    const size_t data = writer_.Open(NFTA_SET_ELEM_KEY);
    writer_.PutBytes(NFTA_DATA_VALUE, key, key_length);
    writer_.Close(data);
    writer_.Close(element);
    writer_.Close(list);
    writer_.End();
  }

 private:
  void Run(Socket& socket) override {
    try {
      socket.Dump(writer_.bytes(), kSequence,
                  [this](const Message& message) { ReadElements(message, key_length_, list_); });
    } catch (const SystemError& error) {
      if (error.number != ENOENT) throw;
    }
  }
  Napi::Value Result(Napi::Env env) override;

  MessageWriter writer_;
  size_t key_length_;
  ElementList list_;
};

Napi::Object ElementsValue(Napi::Env env, const ElementList& list) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("count", static_cast<double>(list.flags.size()));
  result.Set("keys", ArrayOf<Napi::Uint8Array>(env, list.keys));
  result.Set("expiresMs", ArrayOf<Napi::Float64Array>(env, list.expires_ms));
  result.Set("timeoutsMs", ArrayOf<Napi::Float64Array>(env, list.timeouts_ms));
  result.Set("flags", ArrayOf<Napi::Uint8Array>(env, list.flags));
  result.Set("malformed", static_cast<double>(list.malformed));
  return result;
}

Napi::Value ElementsRequest::Result(Napi::Env env) { return ElementsValue(env, list_); }
Napi::Value ElementRequest::Result(Napi::Env env) { return ElementsValue(env, list_); }

/// Asks how many transactions there have been, everybody's.
class GenerationRequest : public Request {
 public:
  using Request::Request;

 private:
  void Run(Socket& socket) override {
    MessageWriter writer;
    // The acknowledgement behind the answer ends it as it would end a dump.
    writer.Begin((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN, NLM_F_REQUEST | NLM_F_ACK, kSequence, 0, 0);
    writer.End();
    socket.Dump(writer.bytes(), kSequence, [this](const Message& message) {
      Object object{};
      if (ReadObject(message, object)) generation_ = object.handle;
    });
  }

  Napi::Value Result(Napi::Env env) override { return Napi::Number::New(env, static_cast<double>(generation_)); }

  uint64_t generation_ = 0;
};

class CutRequest : public Request {
 public:
  CutRequest(const Napi::CallbackInfo& info, Connection* connection, uint8_t family, AddressSet addresses)
      : Request(info, connection), family_(family), addresses_(std::move(addresses)) {}

 private:
  void Run(Socket& socket) override { cut_ = CutConnectionsOf(socket, family_, addresses_); }
  Napi::Value Result(Napi::Env env) override { return Napi::Number::New(env, static_cast<double>(cut_)); }

  uint8_t family_;
  AddressSet addresses_;
  size_t cut_ = 0;
};

}  // namespace

Napi::Function Connection::Define(Napi::Env env) {
  return DefineClass(env, "Connection",
                     {InstanceAccessor<&Connection::Port>("port"), InstanceMethod<&Connection::Commit>("commit"),
                      InstanceMethod<&Connection::ListObjects>("listObjects"),
                      InstanceMethod<&Connection::Generation>("generation"),
                      InstanceMethod<&Connection::ListElements>("listElements"),
                      InstanceMethod<&Connection::FindElement>("findElement"),
                      InstanceMethod<&Connection::CutConnections>("cutConnections"),
                      InstanceMethod<&Connection::PutIpset>("putIpset"),
                      InstanceMethod<&Connection::ListIpset>("listIpset"),
                      InstanceMethod<&Connection::TestIpset>("testIpset"),
                      InstanceMethod<&Connection::Close>("close")});
}

Connection::Connection(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Connection>(info) {
  const int receive = static_cast<int>(WholeArgument(info, 0, 1, kBufferBytesMax, "receiveBytes"));
  const int send = static_cast<int>(WholeArgument(info, 1, 1, kBufferBytesMax, "sendBytes"));
  try {
    socket_ = std::make_shared<Socket>(receive, send);
  } catch (const SystemError& error) {
    throw ToError(info.Env(), error);
  }
  info.This().As<Napi::Object>().TypeTag(&kConnectionTag);
}

Napi::Value Connection::Port(const Napi::CallbackInfo& info) {
  CheckThis(info, kConnectionTag);
  return Napi::Number::New(info.Env(), socket_ == nullptr ? 0 : socket_->port());
}

void Connection::CheckFree(const Napi::CallbackInfo& info) {
  CheckThis(info, kConnectionTag);
  if (socket_ == nullptr) throw Napi::Error::New(info.Env(), "the netlink connection is closed");
  if (is_busy_) throw Napi::Error::New(info.Env(), "the netlink connection has a request under way");
}

Napi::Value Connection::Commit(const Napi::CallbackInfo& info) {
  CheckFree(info);
  const auto* bytes = OptionalArray<Napi::Uint8Array, uint8_t>(info, 0, napi_uint8_array, 1, "bytes");
  if (bytes == nullptr) throw Napi::TypeError::New(info.Env(), "bytes must be a Uint8Array");
  const size_t length = info[0].As<Napi::Uint8Array>().ElementLength();
  const auto messages = static_cast<size_t>(WholeArgument(info, 1, 0, 4294967295.0, "messageCount"));
  return (new CommitRequest(info, this, {bytes, bytes + length}, messages))->Start();
}

Napi::Value Connection::ListObjects(const Napi::CallbackInfo& info) {
  CheckFree(info);
  const std::string kind = NameArgument(info, 0, "kind");
  const int type = kind == "table"   ? NFT_MSG_GETTABLE
                   : kind == "chain" ? NFT_MSG_GETCHAIN
                   : kind == "rule"  ? NFT_MSG_GETRULE
                   : kind == "set"   ? NFT_MSG_GETSET
                                     : -1;
  if (type < 0) throw Napi::TypeError::New(info.Env(), "kind must be table, chain, rule or set");
  WholeArgument(info, 1, 0, 255, "family");
  const std::string table = info[2].IsString() ? NameArgument(info, 2, "table") : std::string();
  return (new ObjectsRequest(info, this, static_cast<uint16_t>(type), table))->Start();
}

Napi::Value Connection::Generation(const Napi::CallbackInfo& info) {
  CheckFree(info);
  return (new GenerationRequest(info, this))->Start();
}

Napi::Value Connection::ListElements(const Napi::CallbackInfo& info) {
  CheckFree(info);
  const Scope scope = ScopeArguments(info);
  const std::string set = NameArgument(info, 2, "set");
  const auto key_length = static_cast<size_t>(WholeArgument(info, 3, 1, 64, "keyLength"));
  return (new ElementsRequest(info, this, scope.table, set, key_length))->Start();
}

/// findElement(family, table, set, key)
Napi::Value Connection::FindElement(const Napi::CallbackInfo& info) {
  CheckFree(info);
  const Scope scope = ScopeArguments(info);
  const std::string set = NameArgument(info, 2, "set");
  const auto* key = OptionalArray<Napi::Uint8Array, uint8_t>(info, 3, napi_uint8_array, 1, "key");
  if (key == nullptr) throw Napi::TypeError::New(info.Env(), "key must be a Uint8Array");
  const size_t length = info[3].As<Napi::Uint8Array>().ElementLength();
  if (length == 0 || length > 64) throw Napi::RangeError::New(info.Env(), "key must have 1 to 64 bytes");
  return (new ElementRequest(info, this, scope, set, key, length))->Start();
}

Napi::Value Connection::CutConnections(const Napi::CallbackInfo& info) {
  CheckFree(info);
  const auto family = static_cast<uint8_t>(WholeArgument(info, 0, 0, 255, "family"));
  const auto count = static_cast<size_t>(WholeArgument(info, 1, 0, 16777216, "count"));
  const size_t width = family == 2 ? 4 : 16;
  const auto* first = OptionalArray<Napi::Uint8Array, uint8_t>(info, 2, napi_uint8_array, count * width, "first");
  const auto* last = OptionalArray<Napi::Uint8Array, uint8_t>(info, 3, napi_uint8_array, count * width, "last");
  if (first == nullptr || last == nullptr) throw Napi::TypeError::New(info.Env(), "addresses must be Uint8Arrays");
  return (new CutRequest(info, this, family, AddressSet(width, count, first, last)))->Start();
}

void Connection::Close(const Napi::CallbackInfo& info) {
  CheckThis(info, kConnectionTag);
  socket_.reset();
}

}  // namespace palisade
