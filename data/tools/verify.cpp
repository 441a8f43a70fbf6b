#include "data/tools/verify.h"

#include <set>
#include <vector>

#include "comm/work_through.h"
#include "core/error.h"
#include "core/field_text.h"
#include "data/shards/manifest.h"
#include "data/shards/shard.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// What one rank has found.
struct Findings {
  std::vector<std::string> lines;
  double values_checked = 0;  ///< fields of samples
  double bytes = 0;
};

void check_samples(const Shard& shard, Findings& findings) {
  const RandomAccessFile file(shard.path(), RandomAccessFile::Access::kRead);
  std::vector<unsigned char> bytes;
  for (const ShardField& field : shard.fields()) {
    bytes.resize(field.bytes);
    for (std::uint64_t sample = 0; sample < shard.samples(); ++sample) {
      if (!shard.read(file, field, sample, bytes.data())) {
        findings.lines.push_back(
            fmt::format("{}: sample {} field {}: checksum does not fit", shard.path().string(), sample, field.name));
      }
      findings.values_checked += 1;
      findings.bytes += static_cast<double>(field.bytes);
    }
  }
}

void check_shard(const fs::path& folder, const ManifestEntry& entry, Findings& findings) {
  const fs::path path = folder / entry.file;
  if (!fs::exists(path)) {
    findings.lines.push_back(fmt::format("{}: missing, the manifest lists it", path.string()));
    return;
  }
  try {
    const Shard shard(path);
    check_samples(shard, findings);
    const ManifestEntry found = describe_shard(shard);
    if (found.bytes != entry.bytes) {
      findings.lines.push_back(
          fmt::format("{}: has {} bytes, the manifest says {}", path.string(), found.bytes, entry.bytes));
    } else if (found != entry) {
      findings.lines.push_back(
          fmt::format("{}: its samples or checksums are not those of the manifest", path.string()));
    }
  } catch (const UserError& error) {
    findings.lines.emplace_back(error.what());
  }
}

/// Shards in the folder that the manifest lacks.
void check_for_extras(const fs::path& folder, const Manifest& manifest, Findings& findings) {
  std::set<std::string> known;
  for (const ManifestEntry& entry : manifest.shards) {
    known.insert(entry.file);
  }
  std::set<std::string> extra;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".h5") && !name.starts_with(".") && !known.contains(name)) {
      extra.insert(name);
    }
  }
  for (const std::string& name : extra) {
    findings.lines.push_back(fmt::format("{}: not in the manifest", (folder / name).string()));
  }
}

/// The sound shards of a build that has not finished, each found by itself; the others are findings of rank 0.
Manifest describe_unfinished(const fs::path& folder, const Communicator& comm, Findings& findings) {
  Manifest manifest;
  std::vector<std::string> lines{
      fmt::format("{}: missing, the build has not finished", manifest_path(folder).string())};
  for (const fs::path& path : shards_in(folder)) {
    try {
      manifest.shards.push_back(describe_shard(Shard(path)));
    } catch (const UserError& error) {
      lines.emplace_back(error.what());
    }
  }
  if (comm.rank() == 0) {
    findings.lines = std::move(lines);
  }
  return manifest;
}

}  // namespace

void verify_dataset(const fs::path& folder, Communicator& comm, Log& log) {
  Findings findings;
  const bool finished = !fs::is_directory(folder) || fs::exists(manifest_path(folder));
  const Manifest manifest = finished ? read_manifest(folder) : describe_unfinished(folder, comm, findings);
  if (comm.rank() == 0 && finished) {
    check_for_extras(folder, manifest, findings);
  }
  work_through(
      {.task = "verifying", .unit = "shards", .items = manifest.shards.size()},
      [&](std::uint64_t item, const ReportWork&) { check_shard(folder, manifest.shards[item], findings); }, comm, log);
  std::size_t bad = 0;
  for (const std::string& lines : comm.gather(join_fields(findings.lines))) {
    for (const std::string& line : split_fields(lines)) {
      log.info("{}", one_line(line));
      ++bad;
    }
  }
  const double values = comm.sum(findings.values_checked);
  const double bytes = comm.sum(findings.bytes);
  if (!finished && bad == 1) {
    if (manifest.shards.empty()) {
      throw UserError("{}: holds no shards; name the folder that `samsr data build` writes", folder.string());
    }
    throw UserError("{}: the {} shards that are there are sound; run `samsr data build` again, which goes on from them",
                    folder.string(), manifest.shards.size());
  }
  if (bad > 0) {
    throw UserError("{}: {} {} found; delete the damaged shards and run `samsr data build` again", folder.string(), bad,
                    bad == 1 ? "fault" : "faults");
  }
  log.info("{}: all {} checksums of {} samples in {} shards fit ({:.1f} MB)", folder.string(), values,
           manifest.samples(), manifest.shards.size(), bytes / 1e6);
}

}  // namespace samsr
