# What two trees differ in, with nothing but find, sha256sum and awk. Source this file; it needs getfattr (package attr).

# facts ROOT: everything that is to be the same about every path below ROOT, one path a line, sorted: path, type, mode, owner, mtime to the
# second (of a directory: -), link target or SHA-256, the first name of the same file, xattrs. Mount points of a container are left out.
facts() {
  local work
  work=$(mktemp -d)
  (
    cd "$1"
    as_root find . -xdev -mindepth 1 \( -path './proc/*' -o -path './sys/*' -o -path './dev/*' \) -prune \
      -o -printf '%P\t%y\t%m\t%U:%G\t%Ts\t%l\t%n:%i\n' | LC_ALL=C sort > "$work/stat"
    as_root find . -xdev -type f -not -path './proc/*' -not -path './sys/*' -not -path './dev/*' -print0 | as_root xargs -0 -r sha256sum |
      sed 's/^\\//; s/  \.\//\t/' > "$work/sums"
    # getfattr fails where a file system has no attributes, which is no difference.
    { as_root getfattr --recursive --physical --dump --match=- --encoding=hex . 2>/dev/null || true; } |
      awk '/^# file: /{ path = substr($0, 9); next } NF { print path "\t" $0 }' > "$work/attributes"
  )
  LC_ALL=C awk -F'\t' -v OFS='\t' -v sums="$work/sums" -v attributes="$work/attributes" '
    BEGIN {
      while ((getline < sums) > 0) sum[$2] = $1
      while ((getline < attributes) > 0) attribute[$1] = attribute[$1] $2 ";"
    }
    {
      split($7, inode, ":")
      if ($2 == "f" && inode[1] > 1) { if (!(inode[2] in first)) first[inode[2]] = $1; link = first[inode[2]] } else link = "-"
      print $1, $2, $3, $4, $2 == "d" ? "-" : $5, $2 == "f" ? sum[$1] : ($2 == "l" ? $6 : "-"), link, attribute[$1] == "" ? "-" : attribute[$1]
    }' "$work/stat"
  rm -rf "$work"
}

# differences EXPECTED FOUND: what two files of facts differ in: kind, path, expected, found; one a line, tab-separated.
differences() {
  LC_ALL=C awk -F'\t' -v OFS='\t' '
    BEGIN { split("path type mode owner mtime content links xattrs", kind, " ") }
    NR == FNR { expected[$1] = $0; next }
    !($1 in expected) { print "extra", "/" $1, "-", $2; next }
    {
      split(expected[$1], old, "\t")
      for (field = 2; field <= 8; field++) if (old[field] != $field) print kind[field], "/" $1, old[field], $field
      delete expected[$1]
    }
    END { for (path in expected) { split(expected[path], old, "\t"); print "missing", "/" path, old[2], "-" } }' "$1" "$2" | LC_ALL=C sort -t"$(printf '\t')" -k2,2 -k1,1
}

# judged ALLOW BEFORE ROOT FOUND DIFFERENCES: each difference with the reason for which it is allowed, or `-`, before it. ALLOW has lines of kinds (with
# commas, or `*`), a glob over the whole path, and the reason. The glob `<generated>` stands for every file that no package's list names,
# `<recompiled>` for a compiled Python module whose source in ROOT is not the one in BEFORE, `<code-kept>` for one whose source is the same, with
# the code of BEFORE and the header of ROOT, and `<reordered>` in front of a glob for files with the
# same lines in ROOT and FOUND, in another order.
judged() {
  local owned recompiled reordered code path source
  owned=$(mktemp) recompiled=$(mktemp) reordered=$(mktemp) code=$(mktemp)
  cat "$3"/var/lib/dpkg/info/*.list | sort -u > "$owned"
  cut -f2 "$5" | { grep '/__pycache__/[^/]*\.pyc$' || true; } | while IFS= read -r path; do
    source=${path%/__pycache__/*}/$(basename "$path" | sed 's/\.[^.]*\(\.opt-[12]\)\{0,1\}\.pyc$/.py/')
    [ -e "$3$source" ] || continue
    if ! cmp -s "$2$source" "$3$source"; then printf '%s\n' "$path" >> "$recompiled"; continue; fi
    [ -f "$2$path" ] && [ -f "$4$path" ] || continue
    if cmp -s -n 16 "$3$path" "$4$path" && cmp -s -i 16 "$2$path" "$4$path"; then printf '%s\n' "$path" >> "$code"; fi
  done
  { grep '^content' "$5" || true; } | cut -f2 | while IFS= read -r path; do
    if [ -f "$3$path" ] && [ "$(sort "$3$path" | sha256sum)" = "$(sort "$4$path" | sha256sum)" ]; then printf '%s\n' "$path"; fi
  done > "$reordered"
  LC_ALL=C awk -F'\t' -v OFS='\t' -v owned="$owned" -v recompiled="$recompiled" -v reordered="$reordered" -v code="$code" '
    function pattern(glob) { gsub(/[.+^$(){}|\\]/, "\\\\&", glob); gsub(/\*/, ".*", glob); gsub(/\?/, ".", glob); return "^" glob "$" }
    BEGIN {
      while ((getline < owned) > 0) own[$0]
      while ((getline < recompiled) > 0) compiled[$0]
      while ((getline < reordered) > 0) shuffled[$0]
      while ((getline < code) > 0) kept[$0]
    }
    function fits(rule, path) {
      if (named[rule] == "<generated>") return !(path in own)
      if (named[rule] == "<recompiled>") return path in compiled
      if (named[rule] == "<code-kept>") return path in kept
      if (order[rule] && !(path in shuffled)) return 0
      return path ~ glob[rule]
    }
    NR == FNR {
      if ($0 ~ /^#/ || $0 ~ /^[ ]*$/) next
      split($0, word, " ")
      kinds[++count] = "," word[1] ","; named[count] = word[2]; order[count] = sub(/^<reordered>/, "", word[2]); glob[count] = pattern(word[2])
      reason[count] = $0; sub(/^[^ ]+ +[^ ]+ +/, "", reason[count])
      next
    }
    {
      why = "-"
      for (i = 1; i <= count && why == "-"; i++)
        if ((kinds[i] == ",*," || index(kinds[i], "," $1 ",")) && fits(i, $2)) why = reason[i]
      print why, $0
    }' "$1" "$5"
  rm -f "$owned" "$recompiled" "$reordered" "$code"
}
