#include "data/photographs/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "core/error.h"
#include "core/output.h"
#include "data/photographs/sources.h"
#include "models/weights/printable.h"

namespace samsr {
namespace {

constexpr std::size_t kReadAtOnce = 16384;

/// While it lives, names in archives are UTF-8 for this thread: libarchive drops what it cannot put in the locale's
/// characters, and a C++ program's locale is "C".
class Utf8Names {
 public:
  Utf8Names() : utf8_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (utf8_ != nullptr) {
      before_ = ::uselocale(utf8_);
    }
  }
  ~Utf8Names() {
    if (utf8_ != nullptr) {
      ::uselocale(before_);
      ::freelocale(utf8_);
    }
  }
  Utf8Names(const Utf8Names&) = delete;
  Utf8Names& operator=(const Utf8Names&) = delete;

 private:
  const locale_t utf8_;
  locale_t before_ = nullptr;
};

/// libarchive's view of a region: a position in it, and what was read last.
struct RegionReader {
  const ArchiveRegion& region;
  std::uint64_t position = 0;
  std::string error{};  ///< of the file system
  std::array<char, kReadAtOnce> buffer{};
};

la_ssize_t read_region(struct archive*, void* client, const void** bytes) {
  auto& reader = *static_cast<RegionReader*>(client);
  const std::size_t size = std::min<std::uint64_t>(kReadAtOnce, reader.region.size - reader.position);
  try {
    reader.region.file->read_at(reader.region.offset + reader.position, reader.buffer.data(), size);
  } catch (const UserError& error) {  // which cannot pass through C
    reader.error = error.what();
    return ARCHIVE_FATAL;
  }
  reader.position += size;
  *bytes = reader.buffer.data();
  return static_cast<la_ssize_t>(size);
}

la_int64_t skip_region(struct archive*, void* client, la_int64_t request) {
  auto& reader = *static_cast<RegionReader*>(client);
  const std::uint64_t skipped =
      std::min(static_cast<std::uint64_t>(std::max<la_int64_t>(request, 0)), reader.region.size - reader.position);
  reader.position += skipped;
  return static_cast<la_int64_t>(skipped);
}

la_int64_t seek_region(struct archive*, void* client, la_int64_t offset, int whence) {
  auto& reader = *static_cast<RegionReader*>(client);
  const auto size = static_cast<la_int64_t>(reader.region.size);
  const la_int64_t from =
      whence == SEEK_SET ? 0 : (whence == SEEK_END ? size : static_cast<la_int64_t>(reader.position));
  if (offset < -from || offset > size - from) {
    return ARCHIVE_FATAL;
  }
  reader.position = static_cast<std::uint64_t>(from + offset);
  return static_cast<la_int64_t>(reader.position);
}

struct CloseArchive {
  void operator()(struct archive* reader) const { archive_read_free(reader); }
};
using ArchiveHandle = std::unique_ptr<struct archive, CloseArchive>;

[[noreturn]] void refuse_archive(const RegionReader& reader, struct archive* handle) {
  if (!reader.error.empty()) {
    throw UserError("{}", reader.error);
  }
  std::string reason = archive_error_string(handle) == nullptr ? "damaged" : archive_error_string(handle);
  std::replace(reason.begin(), reason.end(), '\n', ' ');
  throw UserError("{}: not a whole .tar or .zip archive ({}); fetch it again, or leave it out of data.images",
                  reader.region.name, reason);
}

ArchiveHandle open_archive(RegionReader& reader) {
  ArchiveHandle handle(archive_read_new());
  if (!handle) {
    throw std::bad_alloc();
  }
  archive_read_support_format_tar(handle.get());
  archive_read_support_format_zip_seekable(handle.get());
  archive_read_set_read_callback(handle.get(), read_region);
  archive_read_set_skip_callback(handle.get(), skip_region);
  archive_read_set_seek_callback(handle.get(), seek_region);
  archive_read_set_callback_data(handle.get(), &reader);
  if (archive_read_open1(handle.get()) != ARCHIVE_OK) {
    refuse_archive(reader, handle.get());
  }
  return handle;
}

/// The name in plain parts; nothing where it leads out of the archive.
std::optional<std::string> plain_name(std::string_view name) {
  if (name.starts_with('/')) {
    return std::nullopt;
  }
  std::string plain;
  while (!name.empty()) {
    const std::string_view part = name.substr(0, name.find('/'));
    name.remove_prefix(std::min(part.size() + 1, name.size()));
    if (part == "..") {
      return std::nullopt;
    }
    if (!part.empty() && part != ".") {
      plain += (plain.empty() ? "" : "/") + std::string(part);
    }
  }
  return plain.empty() ? std::nullopt : std::optional(plain);
}

bool is_compressed_tar(const std::string& name) {
  const std::string extension = extension_of(name);
  return extension == ".tgz" || name.ends_with(".tar.gz") || name.ends_with(".tar.xz") || name.ends_with(".tar.bz2") ||
         name.ends_with(".tar.zst");
}

/// What libarchive has read of one member.
class MemberHeader {
 public:
  MemberHeader(struct archive* handle, struct archive_entry* entry, const ArchiveRegion& region)
      : handle_(handle), entry_(entry), region_(region) {}

  bool is_file() const {
    return archive_entry_filetype(entry_) == AE_IFREG || archive_entry_filetype(entry_) == AE_IFLNK || is_hard_link();
  }
  std::string name() const {
    const char* name = archive_entry_pathname(entry_);
    return name == nullptr ? std::string() : name;
  }
  /// Why the member cannot be read in place; empty when it can. Fills in where it lies.
  std::string place(ArchiveMember& member) const {
    if (archive_entry_filetype(entry_) == AE_IFLNK || is_hard_link()) {
      return "link";
    }
    if (archive_entry_is_encrypted(entry_) != 0) {
      return "encrypted";
    }
    if (archive_entry_sparse_count(entry_) > 0) {
      return "sparse";
    }
    const std::string_view format = archive_format_name(handle_) == nullptr ? "" : archive_format_name(handle_);
    const bool zip = archive_format(handle_) == ARCHIVE_FORMAT_ZIP;
    member.deflated = zip && format.find("(deflation)") != std::string_view::npos;
    if (zip && !member.deflated && format.find("(uncompressed)") == std::string_view::npos) {
      return "compressed by another method than deflate";
    }
    // Without a filter libarchive's position in its input is that of the member's first byte.
    const la_int64_t at = archive_filter_bytes(handle_, 0);
    const la_int64_t size = archive_entry_size(entry_);
    const auto whole = static_cast<la_int64_t>(region_.size);
    if (at < 0 || at > whole || size < 0 || (!member.deflated && size > whole - at)) {
      return "beyond the archive's end";
    }
    if (!member.archive && static_cast<std::uint64_t>(size) > kLargestMember) {
      return "larger than 1 GB";
    }
    member.offset = region_.offset + static_cast<std::uint64_t>(at);
    member.size = static_cast<std::uint64_t>(size);
    return {};
  }

 private:
  bool is_hard_link() const { return archive_entry_hardlink(entry_) != nullptr; }

  struct archive* handle_;
  struct archive_entry* entry_;
  const ArchiveRegion& region_;
};

/// Appends the member where it is a picture or an archive, or counts it in `left_out`.
void enter(const MemberHeader& header, const std::string& archive, std::vector<ArchiveMember>& members,
           LeftOutPictures& left_out) {
  const std::string given = header.name();
  ArchiveMember member;
  const auto leave_out = [&](const std::string& reason) { left_out.add(archive + "/" + printable(given), reason); };
  const std::optional<std::string> name = plain_name(given);
  const std::optional<WalkedFile> kind = kind_of_path(name ? *name : given.substr(given.rfind('/') + 1));
  if (given.empty()) {
    leave_out("without a name that can be read");
  }
  if (!kind) {
    return;
  }
  member.archive = is_archive_name(given);
  if (*kind == WalkedFile::kUnread) {
    left_out.add(archive + "/" + printable(given), *kind);
  } else if (is_compressed_tar(given)) {
    leave_out("archive that is compressed as a whole");
  } else if (*kind == WalkedFile::kImage || member.archive) {
    if (!name) {
      leave_out("with a name that leads out of the archive");
    } else if (const std::string reason = header.place(member); !reason.empty()) {
      leave_out(reason);
    } else if (member.archive && member.deflated) {
      leave_out("compressed archive in an archive");
    } else {
      member.name = *name;
      members.push_back(std::move(member));
    }
  }
}

/// In the order of the parts: '/' sorts before every other character.
bool comes_before(const ArchiveMember& a, const ArchiveMember& b) {
  return std::lexicographical_compare(
      a.name.begin(), a.name.end(), b.name.begin(), b.name.end(),
      [](unsigned char left, unsigned char right) { return (left == '/' ? 0 : left) < (right == '/' ? 0 : right); });
}

std::string inflate_member(const RandomAccessFile& file, std::uint64_t file_size, const ArchiveMember& member,
                           const std::string& name) {
  z_stream stream{};
  constexpr int kRawDeflate = -MAX_WBITS;
  if (inflateInit2(&stream, kRawDeflate) != Z_OK) {
    throw std::bad_alloc();
  }
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  std::string bytes;
  std::array<char, kReadAtOnce> packed{};
  std::array<char, 4 * kReadAtOnce> unpacked{};
  std::uint64_t at = member.offset;
  int status = Z_OK;
  while (status == Z_OK && bytes.size() <= member.size) {
    if (stream.avail_in == 0) {
      const auto more = static_cast<std::size_t>(std::min<std::uint64_t>(packed.size(), file_size - at));
      file.read_at(at, packed.data(), more);
      at += more;
      stream.next_in = reinterpret_cast<Bytef*>(packed.data());
      stream.avail_in = static_cast<uInt>(more);
    }
    stream.next_out = reinterpret_cast<Bytef*>(unpacked.data());
    stream.avail_out = static_cast<uInt>(unpacked.size());
    status = ::inflate(&stream, Z_NO_FLUSH);
    bytes.append(unpacked.data(), unpacked.size() - stream.avail_out);
  }
  if (status != Z_STREAM_END || bytes.size() != member.size) {
    throw UserError("{}: damaged in its archive: it cannot be decompressed", name);
  }
  return bytes;
}

}  // namespace

std::vector<ArchiveMember> members_of(const ArchiveRegion& archive, LeftOutPictures& left_out,
                                      const std::function<void(std::uint64_t bytes)>& report) {
  const Utf8Names utf8;
  RegionReader reader{archive};
  const ArchiveHandle handle = open_archive(reader);
  std::vector<ArchiveMember> members;
  struct archive_entry* entry = nullptr;
  int status = ARCHIVE_OK;
  while ((status = archive_read_next_header(handle.get(), &entry)) == ARCHIVE_OK || status == ARCHIVE_WARN) {
    const MemberHeader header(handle.get(), entry, archive);
    if (header.is_file()) {
      enter(header, archive.name, members, left_out);
    }
    report(static_cast<std::uint64_t>(std::max<la_int64_t>(archive_filter_bytes(handle.get(), 0), 0)));
  }
  if (status != ARCHIVE_EOF) {
    refuse_archive(reader, handle.get());
  }
  std::stable_sort(members.begin(), members.end(), comes_before);
  std::vector<ArchiveMember> last_of_each;
  for (ArchiveMember& member : members) {
    if (!last_of_each.empty() && last_of_each.back().name == member.name) {
      left_out.add(archive.name + "/" + printable(member.name), "replaced by a later one of its name");
      last_of_each.back() = std::move(member);
    } else {
      last_of_each.push_back(std::move(member));
    }
  }
  return last_of_each;
}

std::string read_member(const RandomAccessFile& file, const ArchiveMember& member, const std::string& name) {
  const std::uint64_t file_size = file.size();
  if (member.offset > file_size || (!member.deflated && member.size > file_size - member.offset)) {
    throw UserError("{}: its archive is shorter than when it was listed; restore it, or build anew in another data.out",
                    name);
  }
  if (member.deflated) {
    return inflate_member(file, file_size, member, name);
  }
  std::string bytes(member.size, '\0');
  file.read_at(member.offset, bytes.data(), bytes.size());
  return bytes;
}

}  // namespace samsr
