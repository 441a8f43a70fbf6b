#include "comm/network_interfaces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::HasSubstr;

const std::vector<NetworkInterface> kInterfaces{{"lo", "127.0.0.1", true},
                                                {"docker0", "172.17.0.1"},
                                                {"eth0", "10.0.0.7"},
                                                {"ib0", "192.168.3.7"},
                                                {"eth0", "fd00::7"}};

TEST(DefaultRoute, IsReadFromTheKernelsTable) {
  std::istringstream routes(
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
      "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
      "tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0\n"
      "eth0\t00000000\t0101000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");
  EXPECT_EQ(default_route_interface(routes), "eth0");
  std::istringstream none("Iface\tDestination\n");
  EXPECT_EQ(default_route_interface(none), "");
}

TEST(AddressForOthers, IsOfTheDefaultRouteOrElseOfTheFirstThatIsNoLoopback) {
  EXPECT_EQ(address_for_others(kInterfaces, "eth0", ""), "10.0.0.7");
  EXPECT_EQ(address_for_others(kInterfaces, "", ""), "172.17.0.1");
  EXPECT_EQ(address_for_others({kInterfaces[0]}, "", ""), std::nullopt);
}

TEST(AddressForOthers, FollowsNcclSocketIfname) {
  EXPECT_EQ(address_for_others(kInterfaces, "eth0", "ib"), "192.168.3.7");
  EXPECT_EQ(address_for_others(kInterfaces, "eth0", "ens,ib0"), "192.168.3.7");
  EXPECT_EQ(address_for_others(kInterfaces, "eth0", "=ib0"), "192.168.3.7");
  EXPECT_EQ(address_for_others(kInterfaces, "eth0", "^docker,eth"), "192.168.3.7");
  EXPECT_EQ(address_for_others(kInterfaces, "eth0", "^=docker0"), "10.0.0.7");
  EXPECT_EQ(address_for_others(kInterfaces, "eth0", "lo"), "127.0.0.1");
  const std::string wrong = testing::error_of([] { return address_for_others(kInterfaces, "eth0", "=ib"); });
  EXPECT_THAT(wrong, HasSubstr("NCCL_SOCKET_IFNAME==ib leaves none"));
  EXPECT_THAT(wrong, HasSubstr("docker0, eth0, ib0"));
}

TEST(NetworkInterfaces, AreThoseOfThisHost) {
  const std::vector<NetworkInterface> found = network_interfaces();
  EXPECT_TRUE(std::ranges::any_of(found, [](const NetworkInterface& each) { return each.address == "127.0.0.1"; }));
}

TEST(ResolvedAddress, NamesTheHostThatDoesNotResolve) {
  EXPECT_EQ(resolved_address("127.0.0.1"), "127.0.0.1");
  const std::string longer_than_names_are(70, 'x');
  EXPECT_THAT(testing::error_of([&] { return resolved_address(longer_than_names_are); }),
              HasSubstr("'" + longer_than_names_are + "' does not resolve"));
}

}  // namespace
}  // namespace samsr
