# SPDX-License-Identifier: Apache-2.0
# Completion of depotlink's commands, options and files, for bash.

_depotlink_files() {
  compopt -o filenames 2>/dev/null || true
  mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_depotlink() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words
  local command=${COMP_WORDS[1]}
  if [[ $before == = && ${COMP_WORDS[COMP_CWORD - 2]} == --config ]]; then
    _depotlink_files "$current"
    return
  fi
  if [[ $current == = && $before == --config ]]; then
    _depotlink_files ""
    return
  fi
  if ((COMP_CWORD > 1)) && [[ $before == -c || $before == --config || $before == --*-file || $before == --*-dir ]]; then
    _depotlink_files "$current"
    return
  fi
  if ((COMP_CWORD > 1)) && [[ $before == --site || $before == --*-url || $before == --user ]]; then
    COMPREPLY=() # only the technician knows
    return
  fi
  if ((COMP_CWORD == 1)); then
    words="init run once check status queue --help --version"
  elif ((COMP_CWORD == 2)) && [[ $command == queue ]]; then
    words="ls export purge"
  else
    case $command in
      init)
        words="--config --force --offline --yes --site --api-url --mqtt-url --ca-file --key-file --user"
        words+=" --password-file --queue-dir --runtime-dir"
        ;;
      run | once) words="--config" ;;
      check) words="--config --online --json" ;;
      status) words="--config --json --watch" ;;
      queue)
        words="--config"
        if [[ ${COMP_WORDS[2]} == purge ]]; then
          words+=" --yes"
        fi
        ;;
      *) words="" ;;
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _depotlink depotlink
