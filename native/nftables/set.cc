// Messages about sets, without their elements. See objects.h.
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "objects.h"

namespace palisade {

namespace {

constexpr uint16_t TypeOf(uint16_t message) { return (NFNL_SUBSYS_NFTABLES << 8) | message; }

}  // namespace

void PutSet(MessageWriter& writer, uint32_t sequence, const Scope& scope, const SetSpec& set) {
  writer.Begin(TypeOf(NFT_MSG_NEWSET), NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK, sequence, scope.family, 0);
  writer.PutText(NFTA_SET_TABLE, scope.table);
  writer.PutText(NFTA_SET_NAME, set.name);
  writer.PutU32(NFTA_SET_FLAGS, set.flags);
  writer.PutU32(NFTA_SET_KEY_TYPE, set.key_type);
  writer.PutU32(NFTA_SET_KEY_LEN, set.key_length);
  writer.PutU32(NFTA_SET_ID, set.id);
  writer.End();
}

void PutSetDelete(MessageWriter& writer, uint32_t sequence, const Scope& scope, const std::string& name) {
  writer.Begin(TypeOf(NFT_MSG_DELSET), NLM_F_REQUEST | NLM_F_ACK, sequence, scope.family, 0);
  writer.PutText(NFTA_SET_TABLE, scope.table);
  writer.PutText(NFTA_SET_NAME, name);
  writer.End();
}

}  // namespace palisade
