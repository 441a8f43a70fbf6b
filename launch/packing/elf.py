"""What the loader reads in a program or library (ELF, 64 bit, little endian): names, search path, versions."""

import struct

PT_LOAD, PT_DYNAMIC = 1, 2
DT_NEEDED, DT_STRTAB, DT_SONAME, DT_RPATH, DT_RUNPATH = 1, 5, 14, 15, 29
DT_VERNEED, DT_VERNEEDNUM = 0x6FFFFFFE, 0x6FFFFFFF


class Elf:
    """A file in memory; `data` is written back by the caller."""

    def __init__(self, data):
        self.data = bytearray(data)
        if not is_elf(self.data):
            raise ValueError("not a 64-bit little-endian ELF file")
        start, size, count = (*struct.unpack_from("<Q", self.data, 32), *struct.unpack_from("<HH", self.data, 54))
        self._loads, self._tags = [], []
        for i in range(count):
            kind, _, offset, address, _, in_file = struct.unpack_from("<IIQQQQ", self.data, start + i * size)
            if kind == PT_LOAD:
                self._loads.append((address, offset, in_file))
            elif kind == PT_DYNAMIC:
                for place in range(offset, offset + in_file, 16):
                    tag, value = struct.unpack_from("<qQ", self.data, place)
                    if tag == 0:
                        break
                    self._tags.append((tag, value, place))

    def needed(self):
        """Names of the libraries that it loads."""
        return [self._string(value) for tag, value, _ in self._tags if tag == DT_NEEDED]

    def search_path(self):
        """Folders that the loader looks into before all others; $ORIGIN is the file's own."""
        paths = [self._string(value) for tag, value, _ in self._tags if tag in (DT_RPATH, DT_RUNPATH)]
        return [folder for path in paths for folder in path.split(":") if folder]

    def set_search_path(self, path):
        """Writes `path` over the search path that is there, as the older DT_RPATH, which holds for the libraries of
        its libraries too. ValueError when there is no room."""
        room = 0
        for tag, value, place in self._tags:
            if tag in (DT_RPATH, DT_RUNPATH):
                at, old = self._place(value), self._string(value)
                room = len(old)
                if len(path) > room:
                    break
                self.data[at : at + room] = path.encode() + bytes(room - len(path))
                struct.pack_into("<q", self.data, place, DT_RPATH)
                return
        raise ValueError(f"its search path has room for {room} characters, {len(path)} are needed")

    def versions(self):
        """Versions that it needs of the symbols of its libraries, such as GLIBC_2.36."""
        found = set()
        at, count = self._value(DT_VERNEED), self._value(DT_VERNEEDNUM)
        if at is None or not count:
            return found
        at = self._offset(at)
        for _ in range(count):
            _, entries, _, first, following = struct.unpack_from("<HHIII", self.data, at)
            entry = at + first
            for _ in range(entries):
                _, _, _, name, step = struct.unpack_from("<IHHII", self.data, entry)
                found.add(self._string(name))
                entry += step
            at += following
        return found

    def _value(self, wanted):
        return next((value for tag, value, _ in self._tags if tag == wanted), None)

    def _offset(self, address):
        for start, offset, size in self._loads:
            if start <= address < start + size:
                return address - start + offset
        raise ValueError(f"address {address:#x} lies in no part of the file")

    def _place(self, index):
        return self._offset(self._value(DT_STRTAB)) + index

    def _string(self, index):
        place = self._place(index)
        return self.data[place : self.data.index(0, place)].decode()


def is_elf(data):
    return bytes(data[:6]) == b"\x7fELF\x02\x01"
