// See message.h.
#include "message.h"

#include <endian.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <cstring>
#include <stdexcept>

namespace palisade {

void MessageWriter::Begin(uint16_t type, uint16_t flags, uint32_t sequence, uint8_t family, uint16_t resource) {
  message_ = bytes_.size();
  bytes_.resize(message_ + sizeof(nlmsghdr) + sizeof(nfgenmsg));
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = flags;
  header.nlmsg_seq = sequence;
  nfgenmsg generic{};
  generic.nfgen_family = family;
  generic.version = NFNETLINK_V0;
  generic.res_id = htobe16(resource);
  std::memcpy(&bytes_[message_], &header, sizeof(header));
  std::memcpy(&bytes_[message_ + sizeof(header)], &generic, sizeof(generic));
}

void MessageWriter::End() {
  const uint32_t length = static_cast<uint32_t>(bytes_.size() - message_);
  std::memcpy(&bytes_[message_], &length, sizeof(length));
}

size_t MessageWriter::Open(uint16_t type) {
  const size_t place = bytes_.size();
  PutHeader(type | NLA_F_NESTED, 0);
  return place;
}

void MessageWriter::Close(size_t place) {
  const size_t length = bytes_.size() - place;
  if (length > kAttributeBytesMax) throw std::length_error("a netlink attribute would be longer than 64 KiB");
  const uint16_t field = static_cast<uint16_t>(length);
  std::memcpy(&bytes_[place], &field, sizeof(field));
}

void MessageWriter::PutBytes(uint16_t type, const void* data, size_t length) {
  PutHeader(type, length);
  const uint8_t* from = static_cast<const uint8_t*>(data);
  bytes_.insert(bytes_.end(), from, from + length);
  Pad();
}

void MessageWriter::PutText(uint16_t type, std::string_view text) {
  PutHeader(type, text.size() + 1);
  bytes_.insert(bytes_.end(), text.begin(), text.end());
  bytes_.push_back(0);
  Pad();
}

void MessageWriter::PutU8(uint16_t type, uint8_t value) { PutBytes(type, &value, sizeof(value)); }

void MessageWriter::PutU16(uint16_t type, uint16_t value) {
  const uint16_t big = htobe16(value);
  PutBytes(type, &big, sizeof(big));
}

void MessageWriter::PutU32(uint16_t type, uint32_t value) {
  const uint32_t big = htobe32(value);
  PutBytes(type, &big, sizeof(big));
}

void MessageWriter::PutU64(uint16_t type, uint64_t value) {
  const uint64_t big = htobe64(value);
  PutBytes(type, &big, sizeof(big));
}

void MessageWriter::PutHeader(uint16_t type, size_t payload) {
  if (payload + sizeof(nlattr) > kAttributeBytesMax) {
    throw std::length_error("a netlink attribute would be longer than 64 KiB");
  }
  nlattr header{};
  header.nla_len = static_cast<uint16_t>(payload + sizeof(nlattr));
  header.nla_type = type;
  const uint8_t* from = reinterpret_cast<const uint8_t*>(&header);
  bytes_.insert(bytes_.end(), from, from + sizeof(header));
}

void MessageWriter::Pad() {
  while (bytes_.size() % NLA_ALIGNTO != 0) bytes_.push_back(0);
}

}  // namespace palisade
