// See ipset.h; and the two requests of a connection about it.
#include "ipset.h"

#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "arguments.h"
#include "connection.h"
#include "request.h"

namespace palisade {

namespace {

constexpr uint8_t kProtocol = 6;
constexpr double kNetworksMax = 16777216;
constexpr uint32_t kSequence = 1;
/// An element with all its attributes is not longer.
constexpr size_t kElementBytesMax = 64;
/// ipset asks that numbers are marked as being in network order.
constexpr uint16_t kNetOrder = NLA_F_NET_BYTEORDER;

uint16_t TypeOf(uint16_t command) { return (NFNL_SUBSYS_IPSET << 8) | command; }

uint8_t FamilyOf(size_t key_length) { return key_length == 4 ? AF_INET : AF_INET6; }

void PutHead(MessageWriter& writer, const std::string& set) {
  writer.PutU8(IPSET_ATTR_PROTOCOL, kProtocol);
  writer.PutText(IPSET_ATTR_SETNAME, set);
}

void PutNetwork(MessageWriter& writer, const Networks& networks, size_t index) {
  const size_t element = writer.Open(IPSET_ATTR_DATA);
  const size_t address = writer.Open(IPSET_ATTR_IP);
  const uint16_t type = networks.key_length == 4 ? IPSET_ATTR_IPADDR_IPV4 : IPSET_ATTR_IPADDR_IPV6;
  writer.PutBytes(type | kNetOrder, networks.keys + index * networks.key_length, networks.key_length);
  writer.Close(address);
  writer.PutU8(IPSET_ATTR_CIDR, networks.bits[index]);
  if (networks.timeouts_s != nullptr) writer.PutU32(IPSET_ATTR_TIMEOUT | kNetOrder, networks.timeouts_s[index]);
  writer.Close(element);
}

void ReadNetwork(const Attribute& element, size_t key_length, IpsetContent& content) {
  Attribute part{};
  Attribute key{};
  // A single address is listed without its length.
  uint8_t bits = static_cast<uint8_t>(8 * key_length);
  uint32_t timeout_s = 0;
  for (AttributeReader reader(element); reader.Next(part);) {
    if (part.type == IPSET_ATTR_CIDR && part.length >= 1) bits = part.data[0];
    if (part.type == IPSET_ATTR_TIMEOUT) timeout_s = BigU32(part);
    if (part.type != IPSET_ATTR_IP) continue;
    Attribute address{};
    for (AttributeReader nest(part); nest.Next(address);) key = address;
  }
  if (key.data == nullptr || key.length != key_length) {
    content.malformed++;
    return;
  }
  content.keys.insert(content.keys.end(), key.data, key.data + key_length);
  content.bits.push_back(bits);
  content.timeouts_s.push_back(timeout_s);
}

/// Asks for one set, with its elements or its counts alone.
class IpsetRequest : public Request {
 public:
  IpsetRequest(const Napi::CallbackInfo& info, Connection* connection, const std::string& set, size_t key_length,
               bool has_elements)
      : Request(info, connection), key_length_(key_length) {
    writer_.Begin(TypeOf(IPSET_CMD_LIST), NLM_F_REQUEST | NLM_F_DUMP, kSequence, FamilyOf(key_length), 0);
    PutHead(writer_, set);
    if (!has_elements) writer_.PutU32(IPSET_ATTR_FLAGS | kNetOrder, IPSET_FLAG_LIST_HEADER);
    writer_.End();
  }

 private:
  void Run(Socket& socket) override {
    socket.Dump(writer_.bytes(), kSequence,
                [this](const Message& message) { ReadIpset(message, key_length_, content_); });
  }
  Napi::Value Result(Napi::Env env) override { return ToValue(env, content_); }

  MessageWriter writer_;
  size_t key_length_;
  IpsetContent content_;
};

/// Asks whether an address is in a set, by itself or in a network.
class IpsetTestRequest : public Request {
 public:
  IpsetTestRequest(const Napi::CallbackInfo& info, Connection* connection, const std::string& set, const Networks& network)
      : Request(info, connection) {
    writer_.Begin(TypeOf(IPSET_CMD_TEST), NLM_F_REQUEST | NLM_F_ACK, kSequence, FamilyOf(network.key_length), 0);
    PutHead(writer_, set);
    PutNetwork(writer_, network, 0);
    writer_.End();
  }

 private:
  void Run(Socket& socket) override {
    try {
      socket.Dump(writer_.bytes(), kSequence, [](const Message&) {});
      is_there_ = true;
    } catch (const SystemError& error) {
      // ipset's word for an element that is not there.
      if (error.number != IPSET_ERR_EXIST) throw;
    }
  }
  Napi::Value Result(Napi::Env env) override { return Napi::Boolean::New(env, is_there_); }

  MessageWriter writer_;
  bool is_there_ = false;
};

std::string SetArgument(const Napi::CallbackInfo& info) {
  std::string set = NameArgument(info, 0, "set");
  if (set.size() >= IPSET_MAXNAMELEN) throw Napi::RangeError::New(info.Env(), "set must have 1 to 31 bytes");
  return set;
}

size_t KeyLengthArgument(const Napi::CallbackInfo& info, size_t index) {
  const auto length = static_cast<size_t>(WholeArgument(info, index, 4, 16, "keyLength"));
  if (length != 4 && length != 16) throw Napi::RangeError::New(info.Env(), "keyLength must be 4 or 16");
  return length;
}

}  // namespace

size_t PutIpsetMessage(MessageWriter& writer, uint32_t sequence, const std::string& set, bool is_delete,
                       const Networks& networks, size_t from) {
  writer.Begin(TypeOf(is_delete ? IPSET_CMD_DEL : IPSET_CMD_ADD), NLM_F_REQUEST | NLM_F_ACK, sequence,
               FamilyOf(networks.key_length), 0);
  PutHead(writer, set);
  // The kernel takes no list without it; 0 says that nobody asks for the place of a fault.
  writer.PutU32(IPSET_ATTR_LINENO, 0);
  const size_t list = writer.Open(IPSET_ATTR_ADT);
  size_t next = from;
  while (next < networks.count && writer.bytes().size() - list <= kAttributeBytesMax - kElementBytesMax) {
    PutNetwork(writer, networks, next++);
  }
  writer.Close(list);
  writer.End();
  return next;
}

void ReadIpset(const Message& message, size_t key_length, IpsetContent& content) {
  const size_t head = NLMSG_ALIGN(sizeof(nfgenmsg));
  if (message.type != TypeOf(IPSET_CMD_LIST) || message.length < head) return;
  Attribute attribute{};
  Attribute part{};
  for (AttributeReader reader(message.payload + head, message.length - head); reader.Next(attribute);) {
    if (attribute.type == IPSET_ATTR_TYPENAME) content.type = TextOf(attribute);
    if (attribute.type == IPSET_ATTR_DATA) {
      for (AttributeReader data(attribute); data.Next(part);) {
        if (part.type == IPSET_ATTR_ELEMENTS) content.elements = BigU32(part);
        if (part.type == IPSET_ATTR_MAXELEM) content.elements_max = BigU32(part);
      }
    }
    if (attribute.type == IPSET_ATTR_ADT) {
      for (AttributeReader elements(attribute); elements.Next(part);) ReadNetwork(part, key_length, content);
    }
  }
}

Napi::Object ToValue(Napi::Env env, const IpsetContent& content) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("type", content.type);
  result.Set("elements", content.elements);
  result.Set("elementsMax", content.elements_max);
  result.Set("count", static_cast<double>(content.bits.size()));
  result.Set("keys", ArrayOf<Napi::Uint8Array>(env, content.keys));
  result.Set("bits", ArrayOf<Napi::Uint8Array>(env, content.bits));
  result.Set("timeoutsS", ArrayOf<Napi::Uint32Array>(env, content.timeouts_s));
  result.Set("malformed", static_cast<double>(content.malformed));
  return result;
}

/// putIpset(set, isDelete, count, keyLength, keys, bits, timeoutsS)
Napi::Value Connection::PutIpset(const Napi::CallbackInfo& info) {
  CheckFree(info);
  const std::string set = SetArgument(info);
  const bool is_delete = info[1].ToBoolean();
  Networks networks{};
  networks.count = static_cast<size_t>(WholeArgument(info, 2, 0, kNetworksMax, "count"));
  networks.key_length = KeyLengthArgument(info, 3);
  const size_t key_bytes = networks.count * networks.key_length;
  networks.keys = OptionalArray<Napi::Uint8Array, uint8_t>(info, 4, napi_uint8_array, key_bytes, "keys");
  networks.bits = OptionalArray<Napi::Uint8Array, uint8_t>(info, 5, napi_uint8_array, networks.count, "bits");
  networks.timeouts_s =
      OptionalArray<Napi::Uint32Array, uint32_t>(info, 6, napi_uint32_array, networks.count, "timeoutsS");
  if (networks.keys == nullptr || networks.bits == nullptr) {
    throw Napi::TypeError::New(info.Env(), "keys and bits must be Uint8Arrays");
  }
  MessageWriter writer;
  uint32_t messages = 0;
  for (size_t next = 0; next < networks.count;) {
    next = PutIpsetMessage(writer, ++messages, set, is_delete, networks, next);
  }
  return (new CommitRequest(info, this, std::move(writer.bytes()), messages))->Start();
}

/// testIpset(set, key)
Napi::Value Connection::TestIpset(const Napi::CallbackInfo& info) {
  CheckFree(info);
  const std::string set = SetArgument(info);
  const auto* key = OptionalArray<Napi::Uint8Array, uint8_t>(info, 1, napi_uint8_array, 4, "key");
  const size_t length = key == nullptr ? 0 : info[1].As<Napi::Uint8Array>().ElementLength();
  if (length != 4 && length != 16) throw Napi::TypeError::New(info.Env(), "key must be a Uint8Array of 4 or 16 bytes");
  const auto bits = static_cast<uint8_t>(8 * length);
  return (new IpsetTestRequest(info, this, set, Networks{1, length, key, &bits, nullptr}))->Start();
}

/// listIpset(set, keyLength, hasElements)
Napi::Value Connection::ListIpset(const Napi::CallbackInfo& info) {
  CheckFree(info);
  return (new IpsetRequest(info, this, SetArgument(info), KeyLengthArgument(info, 1), info[2].ToBoolean()))->Start();
}

}  // namespace palisade
