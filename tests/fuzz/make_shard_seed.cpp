// make_shard_seed FOLDER: a small data set there, whose shard the fuzzer starts from.

#include <filesystem>
#include <iostream>

#include "support/shards.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: make_shard_seed FOLDER\n";
    return 2;
  }
  std::filesystem::remove_all(argv[1]);
  samsr::testing::write_numbered_set(argv[1], 2, 2);
  return 0;
}
