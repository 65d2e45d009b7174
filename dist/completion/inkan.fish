# SPDX-License-Identifier: BSD-2-Clause
# Words for inkan in fish: what inkan --help and inkan COMMAND --help say, so that there is one list alone.
function __inkan_words
    set -l typed (commandline -opc)
    set -l cur (commandline -ct)
    if test (count $typed) -eq 1
        printf '%s\n' --help --version
        LC_ALL=C $typed[1] --help 2>/dev/null | sed -n 's/^  inkan \([a-z]*\) *\(.*\)/\1\t\2/p'
        return
    end
    set -l help (LC_ALL=C $typed[1] $typed[2] --help 2>/dev/null </dev/null)
    if string match -q -- '-*' $cur
        printf '%s\n' $help | grep -oE -e '--[a-z][a-z-]*'
    else if string match -q -- '--*' $typed[-1] # --bundle nginx|apache
        printf '%s\n' $help | grep -oE -e "$typed[-1] [a-z]+(\|[a-z]+)+" | sed 's/.* //' | tr '|' '\n'
    else if test (count $typed) -eq 2 # inkan pin verify|change; the programs of inkan setup stand in a list
        printf '%s\n' $help | awk '{ sub(/^Usage:/, "      ") }
            /^       inkan / { n = split($3, w, "|"); for (i = 1; i <= n; i++) if (w[i] ~ /^[a-z]+$/) print w[i] }
            /^  [a-z][a-z0-9-]*  / { print $1 }'
    end
end
complete -c inkan -a '(__inkan_words)'
