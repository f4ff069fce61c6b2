// Cuts the known connections of banned addresses: an entry of conntrack whose source is banned is deleted, so that a
// rule that accepts established connections no longer knows it. None found is no error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "socket.h"

namespace palisade {

/// Address ranges in network order, inclusive, not overlapping after construction.
class AddressSet {
 public:
  AddressSet(size_t width, size_t count, const uint8_t* first, const uint8_t* last);
  bool Contains(const uint8_t* address, size_t width) const;

 private:
  struct Range {
    std::string first;
    std::string last;
  };

  size_t width_;
  std::vector<Range> ranges_;
};

/// Returns how many entries were deleted. Throws SystemError; a kernel without conntrack has none to cut.
size_t CutConnectionsOf(Socket& socket, uint8_t family, const AddressSet& addresses);

}  // namespace palisade
