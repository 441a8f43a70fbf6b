// A folder as other hosts see it over NFS, by FUSE: no locks (ENOLCK), and what another host has made, replaced or
// renamed is seen late.
//
//   shared_folder HOST FOLDER MILLISECONDS_FILE MOUNT_POINT
//
// Each host has a mount of the same FOLDER. Who has made a name, and when, is kept with the file as an attribute; other
// hosts do not find it, nor see it in a listing, for so many milliseconds as MILLISECONDS_FILE says. A name that is
// renamed over another still leads to the old file there, which FOLDER.old holds.
#define _GNU_SOURCE
#define FUSE_USE_VERSION 31

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define PATH 4096
#define MADE "user.samsr.made"

static const char *host;
static const char *folder;
static const char *late_file;

static int result(int value) { return value < 0 ? -errno : value; }

static long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static long long late_ms(void) {
  long long value = 0;
  FILE *file = fopen(late_file, "r");
  if (file != NULL) {
    if (fscanf(file, "%lld", &value) != 1) value = 0;
    fclose(file);
  }
  return value;
}

static void in_folder(const char *path, char *full) { snprintf(full, PATH, "%s%s", folder, path); }

// Where the file lies that `path` led to before it was renamed over.
static void old_place(const char *path, char *full) {
  size_t at = (size_t)snprintf(full, PATH, "%s.old/", folder);
  for (; *path != '\0' && at + 1 < PATH; ++path) full[at++] = *path == '/' ? '+' : *path;
  full[at] = '\0';
}

static void mark_made(const char *full) {
  char text[128];
  const int length = snprintf(text, sizeof text, "%s %lld", host, now_ms());
  lsetxattr(full, MADE, text, (size_t)length, 0);
}

// Whether another host has made the name so lately that this one does not see it yet.
static int is_unseen(const char *full) {
  char text[128] = "";
  char maker[64];
  long long when;
  const ssize_t length = lgetxattr(full, MADE, text, sizeof text - 1);
  if (length < 0 || sscanf(text, "%63s %lld", maker, &when) != 2 || strcmp(maker, host) == 0) return 0;
  return now_ms() - when < late_ms();
}

// The file that this host finds under the name; 0 or the error.
static int find(const char *path, char *full) {
  in_folder(path, full);
  if (!is_unseen(full)) return 0;
  struct stat status;
  old_place(path, full);
  return lstat(full, &status) == 0 && !is_unseen(full) ? 0 : -ENOENT;
}

static int get_attributes(const char *path, struct stat *status, struct fuse_file_info *info) {
  char full[PATH];
  if (info != NULL) return result(fstat((int)info->fh, status));
  const int error = find(path, full);
  return error != 0 ? error : result(lstat(full, status));
}

static int read_link(const char *path, char *target, size_t size) {
  char full[PATH];
  const int error = find(path, full);
  if (error != 0) return error;
  const ssize_t length = readlink(full, target, size - 1);
  if (length < 0) return -errno;
  target[length] = '\0';
  return 0;
}

static int make_folder(const char *path, mode_t mode) {
  char full[PATH];
  in_folder(path, full);
  const int made = result(mkdir(full, mode));
  if (made == 0) mark_made(full);
  return made;
}

static int remove_file(const char *path) {
  char full[PATH];
  in_folder(path, full);
  return result(unlink(full));
}

static int remove_folder(const char *path) {
  char full[PATH];
  in_folder(path, full);
  return result(rmdir(full));
}

static int make_link(const char *target, const char *path) {
  char full[PATH];
  in_folder(path, full);
  return result(symlink(target, full));
}

static int make_hard_link(const char *from, const char *to) {
  char full_from[PATH], full_to[PATH];
  in_folder(from, full_from);
  in_folder(to, full_to);
  return result(link(full_from, full_to));
}

static int rename_file(const char *from, const char *to, unsigned int flags) {
  char full_from[PATH], full_to[PATH], old[PATH];
  in_folder(from, full_from);
  in_folder(to, full_to);
  old_place(to, old);
  unlink(old);
  link(full_to, old);  // fails where there is none, or a folder
  const int renamed = result(renameat2(AT_FDCWD, full_from, AT_FDCWD, full_to, flags));
  if (renamed == 0) mark_made(full_to);
  return renamed;
}

static int change_mode(const char *path, mode_t mode, struct fuse_file_info *info) {
  char full[PATH];
  (void)info;
  const int error = find(path, full);
  return error != 0 ? error : result(chmod(full, mode));
}

static int change_owner(const char *path, uid_t user, gid_t group, struct fuse_file_info *info) {
  char full[PATH];
  (void)info;
  const int error = find(path, full);
  return error != 0 ? error : result(lchown(full, user, group));
}

static int cut(const char *path, off_t size, struct fuse_file_info *info) {
  char full[PATH];
  if (info != NULL) return result(ftruncate((int)info->fh, size));
  const int error = find(path, full);
  return error != 0 ? error : result(truncate(full, size));
}

static int set_times(const char *path, const struct timespec times[2], struct fuse_file_info *info) {
  char full[PATH];
  if (info != NULL) return result(futimens((int)info->fh, times));
  const int error = find(path, full);
  return error != 0 ? error : result(utimensat(AT_FDCWD, full, times, AT_SYMLINK_NOFOLLOW));
}

static int open_file(const char *path, struct fuse_file_info *info) {
  char full[PATH];
  const int error = find(path, full);
  if (error != 0) return error;
  const int file = open(full, info->flags & ~(O_CREAT | O_EXCL));
  if (file < 0) return -errno;
  info->fh = (uint64_t)file;
  return 0;
}

static int create_file(const char *path, mode_t mode, struct fuse_file_info *info) {
  char full[PATH];
  struct stat status;
  in_folder(path, full);
  const int fresh = lstat(full, &status) != 0;
  const int file = open(full, info->flags | O_CREAT, mode);
  if (file < 0) return -errno;
  if (fresh) mark_made(full);
  info->fh = (uint64_t)file;
  return 0;
}

static int read_file(const char *path, char *bytes, size_t size, off_t offset, struct fuse_file_info *info) {
  (void)path;
  return result((int)pread((int)info->fh, bytes, size, offset));
}

static int write_file(const char *path, const char *bytes, size_t size, off_t offset, struct fuse_file_info *info) {
  (void)path;
  return result((int)pwrite((int)info->fh, bytes, size, offset));
}

static int close_file(const char *path, struct fuse_file_info *info) {
  (void)path;
  return result(close((int)info->fh));
}

static int sync_file(const char *path, int data_only, struct fuse_file_info *info) {
  (void)path;
  return result(data_only ? fdatasync((int)info->fh) : fsync((int)info->fh));
}

static int sync_folder(const char *path, int data_only, struct fuse_file_info *info) {
  (void)path, (void)data_only, (void)info;
  return 0;
}

static int flock_file(const char *path, struct fuse_file_info *info, int operation) {
  (void)path, (void)info, (void)operation;
  return -ENOLCK;
}

static int lock_file(const char *path, struct fuse_file_info *info, int command, struct flock *lock) {
  (void)path, (void)info, (void)command, (void)lock;
  return -ENOLCK;
}

static int list(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *info,
                enum fuse_readdir_flags flags) {
  char full[PATH], entry_path[2 * PATH], entry_full[PATH];
  (void)offset, (void)info, (void)flags;
  const int error = find(path, full);
  if (error != 0) return error;
  DIR *open_folder = opendir(full);
  if (open_folder == NULL) return -errno;
  for (struct dirent *entry; (entry = readdir(open_folder)) != NULL;) {
    snprintf(entry_path, sizeof entry_path, "%s/%s", strcmp(path, "/") == 0 ? "" : path, entry->d_name);
    const int itself = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (!itself && find(entry_path, entry_full) != 0) continue;
    fill(buffer, entry->d_name, NULL, 0, (enum fuse_fill_dir_flags)0);
  }
  closedir(open_folder);
  return 0;
}

static int room(const char *path, struct statvfs *status) {
  (void)path;
  return result(statvfs(folder, status));
}

static void *begin(struct fuse_conn_info *connection, struct fuse_config *config) {
  (void)connection;
  config->entry_timeout = config->attr_timeout = config->negative_timeout = 0;
  config->hard_remove = 1;
  config->use_ino = 1;
  return NULL;
}

static const struct fuse_operations operations = {
    .getattr = get_attributes, .readlink = read_link,   .mkdir = make_folder,     .unlink = remove_file,
    .rmdir = remove_folder,    .symlink = make_link,    .rename = rename_file,    .link = make_hard_link,
    .chmod = change_mode,      .chown = change_owner,   .truncate = cut,          .open = open_file,
    .read = read_file,         .write = write_file,     .statfs = room,           .release = close_file,
    .fsync = sync_file,        .readdir = list,         .fsyncdir = sync_folder,  .init = begin,
    .create = create_file,     .utimens = set_times,    .flock = flock_file,      .lock = lock_file,
};

int main(int count, char **words) {
  if (count != 5) {
    fprintf(stderr, "usage: shared_folder HOST FOLDER MILLISECONDS_FILE MOUNT_POINT\n");
    return 2;
  }
  host = words[1];
  folder = words[2];
  late_file = words[3];
  char *arguments[] = {words[0], "-f", "-s", words[4], NULL};
  umask(0);
  return fuse_main(4, arguments, &operations, NULL);
}
