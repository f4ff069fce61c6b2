// Sets of ipset (hash:net) over its own netlink family: elements put and taken out, content and counts read. Sets
// themselves are made by the ipset program, which knows what revision of a type the kernel has.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "decode.h"
#include "message.h"

namespace palisade {

/// Networks side by side, as JavaScript hands them over.
struct Networks {
  size_t count;
  /// 4 or 16 bytes each.
  size_t key_length;
  const uint8_t* keys;
  const uint8_t* bits;
  /// Null for deletions. 0: stays.
  const uint32_t* timeouts_s;
};

/// Writes a message that adds networks (those there get the new timeout) or deletes them (absent ones are no matter), as
/// many from `from` as fit. Returns the next.
size_t PutIpsetMessage(MessageWriter& writer, uint32_t sequence, const std::string& set, bool is_delete,
                       const Networks& networks, size_t from);

/// What the kernel says of one set.
struct IpsetContent {
  std::string type;
  uint32_t elements = 0;
  uint32_t elements_max = 0;
  /// What was listed of it.
  std::vector<uint8_t> keys;
  std::vector<uint8_t> bits;
  std::vector<uint32_t> timeouts_s;
  /// Elements left out because their key has another length.
  size_t malformed = 0;
};

/// Appends what a message tells of a set to `content`; other messages are passed over.
void ReadIpset(const Message& message, size_t key_length, IpsetContent& content);

Napi::Object ToValue(Napi::Env env, const IpsetContent& content);

}  // namespace palisade
