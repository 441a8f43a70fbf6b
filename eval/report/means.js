
// The table of means: sorted by a click on a heading, the best first; marks are those of the methods that are shown.
function meansTable(section) {
  const table = section.querySelector('.means');
  if (!table) return;
  const heads = [...table.tHead.rows[0].cells], given = [...table.tBodies[0].rows];
  const names = heads.map(head => head.textContent);
  const cells = new Map(given.map(row => [row, [...row.cells]])); // without thumbnails, which come between them
  const higher = c => 'higher' in heads[c].dataset;
  const pictures = [...picturesOf(section)];
  const state = { column: -1, reversed: false, thumbnails: null };

  const textOf = cell => (cell.querySelector('span') || cell).textContent;
  // Of several figures in a cell, the largest.
  const valueOf = cell => Math.max(...textOf(cell).split(' ').map(part => (part === '-' ? NaN : Math.abs(parseFloat(part)))));

  function order() {
    if (state.column < 0) return given;
    const sign = state.reversed ? -1 : 1, direction = sign * (higher(state.column) ? -1 : 1);
    return [...given].sort((a, b) => {
      const [x, y] = [a, b].map(row => cells.get(row)[state.column]);
      if (state.column === 0) return sign * x.textContent.localeCompare(y.textContent, 'en', { numeric: true });
      const [u, v] = [x, y].map(valueOf);
      if (isNaN(u) || isNaN(v)) return isNaN(u) - isNaN(v); // no figure: last, either way
      return direction * (u - v);
    });
  }
  // As when the page was made: figures that look the same share a rank, and a second best needs three figures.
  function mark(c) {
    const shown = given.filter(row => !row.hidden).map(row => cells.get(row)[c]);
    const figures = shown.map(cell => parseFloat(textOf(cell))), known = figures.filter(figure => !isNaN(figure));
    const ranked = [...new Set(known)].sort((a, b) => (higher(c) ? b - a : a - b));
    shown.forEach((cell, i) => {
      cell.classList.toggle('best', known.length > 1 && figures[i] === ranked[0]);
      cell.classList.toggle('second', known.length > 2 && ranked.length > 1 && figures[i] === ranked[1]);
    });
  }
  // Behind the names, a column for each picture. The low-resolution image and the reference have no figures: they are
  // rows of their own. Returns the new cells, and these rows.
  function addThumbnails() {
    const methods = given.map(row => row.cells[0].textContent);
    const labels = pictures.length ? [...pictures[0][1].labels.keys()] : [];
    const bare = labels.filter(label => !methods.includes(label)).map(label => {
      const row = (table.tFoot || table.createTFoot()).insertRow();
      row.insertCell().textContent = label;
      cells.set(row, heads.map((head, c) => (c === 0 ? row.cells[0] : row.insertCell())));
      return row;
    });
    const added = pictures.flatMap(([name, of], p) => {
      const head = document.createElement('th');
      head.scope = 'col';
      head.className = 'pictured';
      head.textContent = name;
      table.tHead.rows[0].cells[p].after(head);
      return [head, ...[...given, ...bare].map(row => {
        const cell = row.insertCell(p + 1), label = row.cells[0].textContent;
        cell.append(of.labels.has(label) ? thumbnail(of, label) : '-');
        return cell;
      })];
    });
    return { added, bare };
  }
  function draw() {
    if (choice.thumbnails && !state.thumbnails) state.thumbnails = addThumbnails();
    const { added, bare } = state.thumbnails || { added: [], bare: [] };
    added.forEach(cell => { cell.hidden = !choice.thumbnails; });
    table.tBodies[0].append(...order());
    given.forEach(row => { row.hidden = !isShown(row.cells[0].textContent); });
    bare.forEach(row => { row.hidden = !choice.thumbnails || !isShown(row.cells[0].textContent); });
    [heads, ...cells.values()].forEach(row => row.forEach((cell, c) => { cell.hidden = c > 0 && choice.columns.has(names[c]); }));
    table.classList.toggle('plain', !choice.intervals);
    heads.forEach((head, c) => {
      if (head.dataset.metric) mark(c);
      const descending = state.reversed !== (c > 0 && higher(c));
      if (c === state.column) head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    });
  }

  heads.forEach((head, c) => head.replaceChildren(button(names[c], () => {
    // Best first, the other way round, as given.
    if (state.column !== c) Object.assign(state, { column: c, reversed: false });
    else if (!state.reversed) state.reversed = true;
    else state.column = -1;
    draw();
  })));
  table.classList.add('sortable');
  document.addEventListener('choice', draw);
}

document.querySelectorAll('section').forEach(meansTable);
