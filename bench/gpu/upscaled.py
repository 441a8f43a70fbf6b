"""Figures of upscaled pictures.

    upscaled.py RESULTS.json --least 50                       the least PSNR that `samsr eval` found is above that
    upscaled.py --device cuda --pictures 16 --times T0 T1 T2  pictures a second, from the start, the end of a run of one
                                                              picture, and the end of a run of all
"""

import argparse
import json
import sys


def least_psnr(path):
    with open(path, encoding="utf-8") as file:
        method = json.load(file)["methods"][0]
    return min(next(value for name, value in image.items() if name.startswith("psnr")) for image in method["per_image"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", nargs="?")
    parser.add_argument("--least", type=float)
    parser.add_argument("--device")
    parser.add_argument("--pictures", type=int)
    parser.add_argument("--times", type=float, nargs=3)
    arguments = parser.parse_args()
    if arguments.times:
        start, one, all_of_them = arguments.times
        first = one - start
        seconds = (all_of_them - one) - first
        rate = (arguments.pictures - 1) / seconds if seconds > 0 else None
        print(json.dumps({"what": f"upscale on {arguments.device}", "pictures_s": rate and round(rate, 3),
                          "seconds_of_one": round(first, 2), "pictures": arguments.pictures}))
        return 0
    found = least_psnr(arguments.results)
    if not found > arguments.least:
        print(f"error: PSNR {found:.2f} dB between the two results, at most {arguments.least:g}")
        return 1
    print(f"PSNR {found:.2f} dB between the two results")
    return 0


if __name__ == "__main__":
    sys.exit(main())
