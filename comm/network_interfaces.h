#pragma once
// The addresses of this host, and which of them other hosts are told.

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace samsr {

/// An address of an interface that is up.
struct NetworkInterface {
  std::string name;     ///< "eth0"
  std::string address;  ///< numeric, IPv4 or IPv6
  bool loopback = false;
};

/// Those of this host, IPv4 before IPv6; without link-local ones, which mean nothing to other hosts.
std::vector<NetworkInterface> network_interfaces();

/// The interface of the default route in a table of the form of /proc/net/route; empty for none.
std::string default_route_interface(std::istream& routes);

/// The address that other hosts reach this one by: of the interface of the default route, or else of the first that is
/// no loopback; none where there is no such interface. `wanted`, where it is not empty, is a value of
/// NCCL_SOCKET_IFNAME, which restricts the choice: a list of beginnings of names, or of names after '=', or after '^'
/// of those to leave out. UserError when it leaves none.
std::optional<std::string> address_for_others(const std::vector<NetworkInterface>& interfaces,
                                              const std::string& default_route, const std::string& wanted);

/// The numeric address of a host's name. UserError when it does not resolve.
std::string resolved_address(const std::string& host);

}  // namespace samsr
