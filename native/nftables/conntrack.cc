// See conntrack.h.
#include "conntrack.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>

#include "message.h"

namespace palisade {

namespace {

constexpr uint32_t kDumpSequence = 1;
constexpr uint32_t kDeleteSequence = 2;

uint16_t TypeOf(uint16_t message) { return (NFNL_SUBSYS_CTNETLINK << 8) | message; }

/// What names an entry: its original direction, its zone, and its number, so that a newer one is not hit instead.
struct Entry {
  std::vector<uint8_t> tuple;
  std::vector<uint8_t> id;
  std::vector<uint8_t> zone;
};

std::vector<uint8_t> BytesOf(const Attribute& attribute) {
  return {attribute.data, attribute.data + attribute.length};
}

bool HasSource(const Attribute& tuple, const AddressSet& addresses) {
  Attribute part{};
  for (AttributeReader reader(tuple); reader.Next(part);) {
    if (part.type != CTA_TUPLE_IP) continue;
    Attribute address{};
    for (AttributeReader ip(part); ip.Next(address);) {
      const bool is_source = address.type == CTA_IP_V4_SRC || address.type == CTA_IP_V6_SRC;
      if (is_source && addresses.Contains(address.data, address.length)) return true;
    }
  }
  return false;
}

void TakeEntry(const Message& message, const AddressSet& addresses, std::vector<Entry>& entries) {
  const size_t head = NLMSG_ALIGN(sizeof(nfgenmsg));
  if (message.type >> 8 != NFNL_SUBSYS_CTNETLINK || message.length < head) return;
  Entry entry;
  bool is_banned = false;
  Attribute attribute{};
  for (AttributeReader reader(message.payload + head, message.length - head); reader.Next(attribute);) {
    if (attribute.type == CTA_TUPLE_ORIG) {
      is_banned = HasSource(attribute, addresses);
      entry.tuple = BytesOf(attribute);
    }
    if (attribute.type == CTA_ID) entry.id = BytesOf(attribute);
    if (attribute.type == CTA_ZONE) entry.zone = BytesOf(attribute);
  }
  if (is_banned) entries.push_back(std::move(entry));
}

/// Whether the entry was there to delete.
bool Delete(Socket& socket, uint8_t family, const Entry& entry) {
  MessageWriter writer;
  writer.Begin(TypeOf(IPCTNL_MSG_CT_DELETE), NLM_F_REQUEST | NLM_F_ACK, kDeleteSequence, family, 0);
  writer.PutBytes(CTA_TUPLE_ORIG | NLA_F_NESTED, entry.tuple.data(), entry.tuple.size());
  if (!entry.id.empty()) writer.PutBytes(CTA_ID, entry.id.data(), entry.id.size());
  if (!entry.zone.empty()) writer.PutBytes(CTA_ZONE, entry.zone.data(), entry.zone.size());
  writer.End();
  socket.Send(writer.bytes());
  std::vector<uint8_t> buffer(Socket::kReceiveBytes);
  const size_t length = socket.Receive(buffer, true);
  Message message{};
  Acknowledgement answer{};
  MessageReader reader(buffer.data(), length);
  return reader.Next(message) && ReadAcknowledgement(message, answer) && answer.error == 0;
}

}  // namespace

AddressSet::AddressSet(size_t width, size_t count, const uint8_t* first, const uint8_t* last) : width_(width) {
  std::vector<Range> all;
  for (size_t index = 0; index < count; index++) {
    const char* low = reinterpret_cast<const char*>(first + index * width);
    const char* high = reinterpret_cast<const char*>(last + index * width);
    all.push_back({std::string(low, width), std::string(high, width)});
  }
  std::sort(all.begin(), all.end(), [](const Range& a, const Range& b) { return a.first < b.first; });
  for (Range& range : all) {
    if (!ranges_.empty() && range.first <= ranges_.back().last) {
      ranges_.back().last = std::max(ranges_.back().last, range.last);
    } else {
      ranges_.push_back(std::move(range));
    }
  }
}

bool AddressSet::Contains(const uint8_t* address, size_t width) const {
  if (width != width_) return false;
  const std::string key(reinterpret_cast<const char*>(address), width);
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), key,
                                      [](const std::string& value, const Range& range) { return value < range.first; });
  return after != ranges_.begin() && key <= std::prev(after)->last;
}

size_t CutConnectionsOf(Socket& socket, uint8_t family, const AddressSet& addresses) {
  MessageWriter writer;
  writer.Begin(TypeOf(IPCTNL_MSG_CT_GET), NLM_F_REQUEST | NLM_F_DUMP, kDumpSequence, family, 0);
  writer.End();
  std::vector<Entry> entries;
  try {
    socket.Dump(writer.bytes(), kDumpSequence,
                [&](const Message& message) { TakeEntry(message, addresses, entries); });
  } catch (const SystemError& error) {
    // ENOENT and EINVAL: the kernel has no connection tracking loaded. EINTR: what was read is still cut.
    if (error.number != ENOENT && error.number != EINVAL && error.number != EOPNOTSUPP && error.number != EINTR) throw;
  }
  size_t cut = 0;
  for (const Entry& entry : entries) cut += Delete(socket, family, entry) ? 1 : 0;
  return cut;
}

}  // namespace palisade
