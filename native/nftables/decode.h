// Reads netlink messages: bounds first, nothing trusted. A message that is cut or does not nest is left out and counted.
// Pure functions over bytes, so that a fuzzer reaches all of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace palisade {

struct Attribute {
  uint16_t type;
  const uint8_t* data;
  size_t length;
};

/// Walks the attributes in a span; stops at the first that does not fit.
class AttributeReader {
 public:
  AttributeReader(const uint8_t* data, size_t length) : at_(data), left_(length) {}
  explicit AttributeReader(const Attribute& nest) : AttributeReader(nest.data, nest.length) {}
  bool Next(Attribute& attribute);

 private:
  const uint8_t* at_;
  size_t left_;
};

struct Message {
  uint16_t type;
  uint16_t flags;
  uint32_t sequence;
  uint32_t port;
  /// Behind the netlink header.
  const uint8_t* payload;
  size_t length;
};

/// Walks the messages of a datagram; stops at the first that does not fit.
class MessageReader {
 public:
  MessageReader(const uint8_t* data, size_t length) : at_(data), left_(length) {}
  bool Next(Message& message);

 private:
  const uint8_t* at_;
  size_t left_;
};

uint16_t BigU16(const Attribute& attribute);
uint32_t BigU32(const Attribute& attribute);
uint64_t BigU64(const Attribute& attribute);
/// Up to the first NUL.
std::string TextOf(const Attribute& attribute);

/// A table, chain, rule, set, or a change of set elements.
struct Object {
  /// "table", "chain", "rule", "set", "elements", "generation".
  const char* kind;
  bool is_delete = false;
  uint8_t family = 0;
  uint32_t port = 0;
  std::string table;
  /// Chain, set, or for a rule its chain.
  std::string name;
  std::string comment;
  /// Of a generation: its number.
  uint64_t handle = 0;
  /// Set and table flags; -1 where it has none.
  int64_t flags = -1;
  uint32_t key_type = 0;
  uint32_t key_length = 0;
  /// Of a base chain; -1 otherwise.
  int32_t hook = -1;
  int32_t priority = 0;
  /// Of the counters in a rule.
  uint64_t packets = 0;
  uint64_t bytes = 0;
  /// Names of the expressions of a rule, joined by spaces; a lookup with its set: `payload lookup:name counter`.
  std::string expressions;
};

/// Reads an nf_tables message; false when it is none, or is not whole.
bool ReadObject(const Message& message, Object& object);

/// Elements side by side.
struct ElementList {
  std::vector<uint8_t> keys;
  /// Milliseconds until the kernel drops it; -1: never.
  std::vector<double> expires_ms;
  /// Milliseconds it was put there for; -1: it stays.
  std::vector<double> timeouts_ms;
  std::vector<uint8_t> flags;
  /// Elements without a key of the expected length.
  size_t malformed = 0;
};

/// Appends the elements of a message to `list`.
void ReadElements(const Message& message, size_t key_length, ElementList& list);

/// An answer to a message of a batch or to a request.
struct Acknowledgement {
  uint32_t sequence;
  /// 0 or a positive errno.
  int32_t error;
  /// Where in the message the fault lies; 0 when the kernel does not say.
  uint32_t offset;
};

/// Reads NLMSG_ERROR; false when it is none.
bool ReadAcknowledgement(const Message& message, Acknowledgement& acknowledgement);

}  // namespace palisade
