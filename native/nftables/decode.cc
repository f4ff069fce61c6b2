// See decode.h.
#include "decode.h"

#include <endian.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace palisade {

namespace {

/// Newer than the headers of Debian 12.
constexpr uint16_t kDestroyFirst = 26;
constexpr uint16_t kDestroyLast = 31;

/// An errno is 1 to the kernel's MAX_ERRNO, 4095; ipset has numbers of its own above, the last ones by type of set.
constexpr int32_t kMaxErrno = 4095 + 512;

uint16_t MessageOf(const Message& message) { return message.type & 0xff; }

bool IsNftables(const Message& message) {
  return message.type >> 8 == NFNL_SUBSYS_NFTABLES && message.length >= sizeof(nfgenmsg);
}

AttributeReader AttributesOf(const Message& message) {
  const size_t head = NLMSG_ALIGN(sizeof(nfgenmsg));
  return {message.payload + head, message.length - head};
}

std::string CommentOf(const Attribute& data) {
  for (size_t at = 0; at + 2 <= data.length; at += 2 + data.data[at + 1]) {
    const size_t length = data.data[at + 1];
    if (at + 2 + length > data.length) break;
    if (data.data[at] == 0) return TextOf({0, data.data + at + 2, length});
  }
  return {};
}

void ReadExpression(const Attribute& expression, Object& object) {
  std::string name;
  Attribute data{};
  Attribute part{};
  for (AttributeReader reader(expression); reader.Next(part);) {
    if (part.type == NFTA_EXPR_NAME) name = TextOf(part);
    if (part.type == NFTA_EXPR_DATA) data = part;
  }
  if (data.data != nullptr && (name == "counter" || name == "lookup")) {
    for (AttributeReader reader(data); reader.Next(part);) {
      if (name == "counter" && part.type == NFTA_COUNTER_PACKETS) object.packets += BigU64(part);
      if (name == "counter" && part.type == NFTA_COUNTER_BYTES) object.bytes += BigU64(part);
      if (name == "lookup" && part.type == NFTA_LOOKUP_SET) name += ":" + TextOf(part);
    }
  }
  object.expressions += object.expressions.empty() ? name : " " + name;
}

void ReadRuleAttribute(const Attribute& attribute, Object& object) {
  switch (attribute.type) {
    case NFTA_RULE_TABLE: object.table = TextOf(attribute); break;
    case NFTA_RULE_CHAIN: object.name = TextOf(attribute); break;
    case NFTA_RULE_HANDLE: object.handle = BigU64(attribute); break;
    case NFTA_RULE_USERDATA: object.comment = CommentOf(attribute); break;
    case NFTA_RULE_EXPRESSIONS: {
      Attribute expression{};
      for (AttributeReader reader(attribute); reader.Next(expression);) ReadExpression(expression, object);
      break;
    }
  }
}

void ReadChainAttribute(const Attribute& attribute, Object& object) {
  switch (attribute.type) {
    case NFTA_CHAIN_TABLE: object.table = TextOf(attribute); break;
    case NFTA_CHAIN_NAME: object.name = TextOf(attribute); break;
    case NFTA_CHAIN_HANDLE: object.handle = BigU64(attribute); break;
    case NFTA_CHAIN_HOOK: {
      Attribute part{};
      for (AttributeReader reader(attribute); reader.Next(part);) {
        if (part.type == NFTA_HOOK_HOOKNUM) object.hook = static_cast<int32_t>(BigU32(part));
        if (part.type == NFTA_HOOK_PRIORITY) object.priority = static_cast<int32_t>(BigU32(part));
      }
      break;
    }
  }
}

void ReadSetAttribute(const Attribute& attribute, Object& object) {
  switch (attribute.type) {
    case NFTA_SET_TABLE: object.table = TextOf(attribute); break;
    case NFTA_SET_NAME: object.name = TextOf(attribute); break;
    case NFTA_SET_HANDLE: object.handle = BigU64(attribute); break;
    case NFTA_SET_FLAGS: object.flags = BigU32(attribute); break;
    case NFTA_SET_KEY_TYPE: object.key_type = BigU32(attribute); break;
    case NFTA_SET_KEY_LEN: object.key_length = BigU32(attribute); break;
  }
}

void ReadTableAttribute(const Attribute& attribute, Object& object) {
  switch (attribute.type) {
    case NFTA_TABLE_NAME: object.table = TextOf(attribute); break;
    case NFTA_TABLE_HANDLE: object.handle = BigU64(attribute); break;
    case NFTA_TABLE_FLAGS: object.flags = BigU32(attribute); break;
  }
}

void ReadElementListAttribute(const Attribute& attribute, Object& object) {
  if (attribute.type == NFTA_SET_ELEM_LIST_TABLE) object.table = TextOf(attribute);
  if (attribute.type == NFTA_SET_ELEM_LIST_SET) object.name = TextOf(attribute);
}

void ReadGenerationAttribute(const Attribute& attribute, Object& object) {
  if (attribute.type == NFTA_GEN_ID) object.handle = BigU32(attribute);
}

using ReadAttribute = void (*)(const Attribute&, Object&);

struct Kind {
  uint16_t message;
  const char* name;
  bool is_delete;
  ReadAttribute read;
};

constexpr Kind kKinds[] = {
    {NFT_MSG_NEWTABLE, "table", false, ReadTableAttribute},
    {NFT_MSG_DELTABLE, "table", true, ReadTableAttribute},
    {NFT_MSG_NEWCHAIN, "chain", false, ReadChainAttribute},
    {NFT_MSG_DELCHAIN, "chain", true, ReadChainAttribute},
    {NFT_MSG_NEWRULE, "rule", false, ReadRuleAttribute},
    {NFT_MSG_DELRULE, "rule", true, ReadRuleAttribute},
    {NFT_MSG_NEWSET, "set", false, ReadSetAttribute},
    {NFT_MSG_DELSET, "set", true, ReadSetAttribute},
    {NFT_MSG_NEWSETELEM, "elements", false, ReadElementListAttribute},
    {NFT_MSG_DELSETELEM, "elements", true, ReadElementListAttribute},
    {NFT_MSG_NEWGEN, "generation", false, ReadGenerationAttribute},
};

uint64_t Big(const Attribute& attribute, size_t width) {
  uint64_t value = 0;
  for (size_t index = 0; index < std::min(width, attribute.length); index++) value = value << 8 | attribute.data[index];
  return value;
}

bool ReadElement(const Attribute& element, size_t key_length, ElementList& list) {
  Attribute part{};
  Attribute key{};
  uint8_t flags = 0;
  double expires_ms = -1;
  double timeout_ms = -1;
  for (AttributeReader reader(element); reader.Next(part);) {
    if (part.type == NFTA_SET_ELEM_FLAGS) flags = static_cast<uint8_t>(BigU32(part));
    if (part.type == NFTA_SET_ELEM_TIMEOUT) timeout_ms = static_cast<double>(BigU64(part));
    if (part.type == NFTA_SET_ELEM_EXPIRATION) expires_ms = static_cast<double>(BigU64(part));
    if (part.type != NFTA_SET_ELEM_KEY) continue;
    Attribute value{};
    for (AttributeReader nest(part); nest.Next(value);) {
      if (value.type == NFTA_DATA_VALUE) key = value;
    }
  }
  if (key.data == nullptr || key.length != key_length) return false;
  list.keys.insert(list.keys.end(), key.data, key.data + key_length);
  list.expires_ms.push_back(expires_ms);
  list.timeouts_ms.push_back(timeout_ms);
  list.flags.push_back(flags);
  return true;
}

}  // namespace

bool AttributeReader::Next(Attribute& attribute) {
  if (left_ < sizeof(nlattr)) return false;
  nlattr header;
  std::memcpy(&header, at_, sizeof(header));
  if (header.nla_len < sizeof(nlattr) || header.nla_len > left_) return false;
  attribute.type = header.nla_type & NLA_TYPE_MASK;
  attribute.data = at_ + sizeof(nlattr);
  attribute.length = header.nla_len - sizeof(nlattr);
  const size_t step = std::min<size_t>(NLA_ALIGN(header.nla_len), left_);
  at_ += step;
  left_ -= step;
  return true;
}

bool MessageReader::Next(Message& message) {
  if (left_ < sizeof(nlmsghdr)) return false;
  nlmsghdr header;
  std::memcpy(&header, at_, sizeof(header));
  if (header.nlmsg_len < sizeof(nlmsghdr) || header.nlmsg_len > left_) return false;
  message = {header.nlmsg_type, header.nlmsg_flags, header.nlmsg_seq, header.nlmsg_pid, at_ + sizeof(nlmsghdr),
             header.nlmsg_len - sizeof(nlmsghdr)};
  const size_t step = std::min<size_t>(NLMSG_ALIGN(static_cast<size_t>(header.nlmsg_len)), left_);
  at_ += step;
  left_ -= step;
  return true;
}

uint16_t BigU16(const Attribute& attribute) { return static_cast<uint16_t>(Big(attribute, 2)); }
uint32_t BigU32(const Attribute& attribute) { return static_cast<uint32_t>(Big(attribute, 4)); }
uint64_t BigU64(const Attribute& attribute) { return Big(attribute, 8); }

std::string TextOf(const Attribute& attribute) {
  const char* text = reinterpret_cast<const char*>(attribute.data);
  return {text, strnlen(text, attribute.length)};
}

bool ReadObject(const Message& message, Object& object) {
  if (!IsNftables(message)) return false;
  uint16_t number = MessageOf(message);
  // A destroyed object is announced as deleted by the kernels known; should one say it in its own words, so be it.
  if (number >= kDestroyFirst && number <= kDestroyLast) {
    constexpr uint16_t deletes[] = {NFT_MSG_DELTABLE, NFT_MSG_DELCHAIN,   NFT_MSG_DELRULE,
                                    NFT_MSG_DELSET,   NFT_MSG_DELSETELEM, NFT_MSG_DELOBJ};
    number = deletes[number - kDestroyFirst];
  }
  const auto kind = std::find_if(std::begin(kKinds), std::end(kKinds),
                                 [number](const Kind& known) { return known.message == number; });
  if (kind == std::end(kKinds)) return false;
  object.kind = kind->name;
  object.is_delete = kind->is_delete;
  object.family = message.payload[0];
  object.port = message.port;
  Attribute attribute{};
  for (AttributeReader reader = AttributesOf(message); reader.Next(attribute);) {
    kind->read(attribute, object);
  }
  return true;
}

void ReadElements(const Message& message, size_t key_length, ElementList& list) {
  if (!IsNftables(message)) return;
  const uint16_t number = MessageOf(message);
  if (number != NFT_MSG_NEWSETELEM && number != NFT_MSG_DELSETELEM) return;
  Attribute attribute{};
  for (AttributeReader reader = AttributesOf(message); reader.Next(attribute);) {
    if (attribute.type != NFTA_SET_ELEM_LIST_ELEMENTS) continue;
    Attribute element{};
    for (AttributeReader elements(attribute); elements.Next(element);) {
      if (!ReadElement(element, key_length, list)) list.malformed++;
    }
  }
}

bool ReadAcknowledgement(const Message& message, Acknowledgement& acknowledgement) {
  if (message.type != NLMSG_ERROR || message.length < sizeof(nlmsgerr)) return false;
  nlmsgerr error;
  std::memcpy(&error, message.payload, sizeof(error));
  // What is outside came damaged, and counts as a refusal too.
  const bool in_range = error.error >= -kMaxErrno && error.error <= 0;
  acknowledgement = {message.sequence, in_range ? -error.error : EBADMSG, 0};
  if ((message.flags & NLM_F_ACK_TLVS) == 0) return true;
  // Without NLM_F_CAPPED the whole message is repeated before the attributes.
  const size_t repeated = (message.flags & NLM_F_CAPPED) != 0 || error.msg.nlmsg_len < sizeof(nlmsghdr)
                              ? 0
                              : NLMSG_ALIGN(static_cast<size_t>(error.msg.nlmsg_len)) - sizeof(nlmsghdr);
  if (repeated > message.length - sizeof(nlmsgerr)) return true;
  const size_t head = sizeof(nlmsgerr) + repeated;
  Attribute attribute{};
  for (AttributeReader reader(message.payload + head, message.length - head); reader.Next(attribute);) {
    if (attribute.type == NLMSGERR_ATTR_OFFS && attribute.length == sizeof(uint32_t)) {
      std::memcpy(&acknowledgement.offset, attribute.data, sizeof(uint32_t));
    }
  }
  return true;
}

}  // namespace palisade
