// Writes netlink messages: headers, attributes, nesting, padding. Numbers of nf_tables are big-endian, headers are not.
// Knows nothing of tables or sets. An attribute that grows beyond 16 bits of length is an exception, never a wrap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace palisade {

/// Bytes an attribute may have in all: its length field has 16 bits.
constexpr size_t kAttributeBytesMax = 0xffff;

class MessageWriter {
 public:
  /// Opens a message; one is open at a time.
  void Begin(uint16_t type, uint16_t flags, uint32_t sequence, uint8_t family, uint16_t resource);
  void End();

  /// Opens a nested attribute and returns its place for `Close`. Throws std::length_error there when it is too long.
  size_t Open(uint16_t type);
  void Close(size_t place);

  void PutBytes(uint16_t type, const void* data, size_t length);
  void PutText(uint16_t type, std::string_view text);
  void PutU8(uint16_t type, uint8_t value);
  void PutU16(uint16_t type, uint16_t value);
  void PutU32(uint16_t type, uint32_t value);
  void PutU64(uint16_t type, uint64_t value);

  /// Bytes of the open message so far.
  size_t message_length() const { return bytes_.size() - message_; }
  const std::vector<uint8_t>& bytes() const { return bytes_; }
  std::vector<uint8_t>& bytes() { return bytes_; }

 private:
  void PutHeader(uint16_t type, size_t payload);
  void Pad();

  std::vector<uint8_t> bytes_;
  size_t message_ = 0;
};

}  // namespace palisade
