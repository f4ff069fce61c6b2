// Messages about tables. See objects.h.
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "objects.h"

namespace palisade {

namespace {

constexpr uint16_t TypeOf(uint16_t message) { return (NFNL_SUBSYS_NFTABLES << 8) | message; }

}  // namespace

void PutTable(MessageWriter& writer, uint32_t sequence, const Scope& scope) {
  writer.Begin(TypeOf(NFT_MSG_NEWTABLE), NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK, sequence, scope.family, 0);
  writer.PutText(NFTA_TABLE_NAME, scope.table);
  writer.PutU32(NFTA_TABLE_FLAGS, 0);
  writer.End();
}

void PutTableDelete(MessageWriter& writer, uint32_t sequence, const Scope& scope) {
  writer.Begin(TypeOf(NFT_MSG_DELTABLE), NLM_F_REQUEST | NLM_F_ACK, sequence, scope.family, 0);
  writer.PutText(NFTA_TABLE_NAME, scope.table);
  writer.End();
}

}  // namespace palisade
