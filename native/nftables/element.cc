// Messages about the elements of sets: as many in a message as its list attribute can hold. See objects.h.
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "objects.h"

namespace palisade {

namespace {

/// Newer than the headers of Debian 12: delete without an error when it is not there (Linux 6.3).
constexpr uint16_t kDestroyElement = 30;
/// nft's type for a comment in user data.
constexpr uint8_t kCommentType = 0;
constexpr size_t kCommentBytesMax = 128;

uint16_t TypeOf(ElementAction action) {
  const uint16_t message = action == ElementAction::kAdd      ? NFT_MSG_NEWSETELEM
                           : action == ElementAction::kDelete ? NFT_MSG_DELSETELEM
                                                              : kDestroyElement;
  return (NFNL_SUBSYS_NFTABLES << 8) | message;
}

void PutElement(MessageWriter& writer, const Elements& elements, size_t index) {
  const size_t element = writer.Open(NFTA_LIST_ELEM);
  if (elements.flags != nullptr && elements.flags[index] != 0) {
    writer.PutU32(NFTA_SET_ELEM_FLAGS, elements.flags[index]);
  }
  const size_t key = writer.Open(NFTA_SET_ELEM_KEY);
  writer.PutBytes(NFTA_DATA_VALUE, elements.keys + index * elements.key_length, elements.key_length);
  writer.Close(key);
  if (elements.timeouts_ms != nullptr && elements.timeouts_ms[index] >= 1) {
    // Far beyond any ban, and well inside what the kernel can turn into its own units.
    constexpr double kTimeoutMsMax = 1e14;
    writer.PutU64(NFTA_SET_ELEM_TIMEOUT,
                  static_cast<uint64_t>(std::min(elements.timeouts_ms[index], kTimeoutMsMax)));
  }
  if (elements.comments != nullptr && !(*elements.comments)[index].empty()) {
    const std::vector<uint8_t> data = CommentData((*elements.comments)[index]);
    writer.PutBytes(NFTA_SET_ELEM_USERDATA, data.data(), data.size());
  }
  writer.Close(element);
}

}  // namespace

std::vector<uint8_t> CommentData(const std::string& comment) {
  const std::string text = comment.substr(0, kCommentBytesMax - 1);
  std::vector<uint8_t> data = {kCommentType, static_cast<uint8_t>(text.size() + 1)};
  data.insert(data.end(), text.begin(), text.end());
  data.push_back(0);
  return data;
}

size_t PutElements(MessageWriter& writer, uint32_t sequence, const Scope& scope, const std::string& set,
                   ElementAction action, const Elements& elements, size_t first, std::vector<uint32_t>& ends) {
  // What one element takes at most: three headers, flags, key, timeout, comment, padding.
  const size_t reserve = 64 + elements.key_length + (elements.comments != nullptr ? kCommentBytesMax + 8 : 0);
  const uint16_t create = action == ElementAction::kAdd ? NLM_F_CREATE : 0;
  writer.Begin(TypeOf(action), NLM_F_REQUEST | NLM_F_ACK | create, sequence, scope.family, 0);
  writer.PutText(NFTA_SET_ELEM_LIST_TABLE, scope.table);
  writer.PutText(NFTA_SET_ELEM_LIST_SET, set);
  const size_t list = writer.Open(NFTA_SET_ELEM_LIST_ELEMENTS);
  size_t index = first;
  while (index < elements.count && writer.bytes().size() - list + reserve <= kAttributeBytesMax) {
    PutElement(writer, elements, index++);
    ends.push_back(static_cast<uint32_t>(writer.message_length()));
  }
  writer.Close(list);
  writer.End();
  return index;
}

void PutSetFlush(MessageWriter& writer, uint32_t sequence, const Scope& scope, const std::string& set) {
  writer.Begin(TypeOf(ElementAction::kDelete), NLM_F_REQUEST | NLM_F_ACK, sequence, scope.family, 0);
  writer.PutText(NFTA_SET_ELEM_LIST_TABLE, scope.table);
  writer.PutText(NFTA_SET_ELEM_LIST_SET, set);
  writer.End();
}

}  // namespace palisade
