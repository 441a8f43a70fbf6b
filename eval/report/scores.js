
// Figures of single images: one table a set, one metric at a time, sorted by a click on a heading.
const PAGE = 100;

function scoreTable(section) {
  const data = JSON.parse(section.querySelector('script').textContent);
  const table = section.querySelector('table'), select = section.querySelector('select'), more = section.querySelector('.more');
  const state = { metric: 0, column: -1, ascending: true, all: false };
  const pictures = picturesOf(section.closest('section'));

  const valueOf = (image, method) => data.values[state.metric][method][image];
  function order() {
    const images = data.images.map((name, i) => i);
    const sign = state.ascending ? 1 : -1;
    if (state.column < 0) return images.sort((a, b) => sign * data.images[a].localeCompare(data.images[b], 'en', { numeric: true }));
    return images.sort((a, b) => {
      const x = valueOf(a, state.column), y = valueOf(b, state.column);
      if (x === null || y === null) return (x === null) - (y === null); // no figure: last, either way
      return sign * (x - y);
    });
  }
  function nameCell(image) {
    const cell = document.createElement('td');
    const target = data.pictures[data.images[image]];
    const holder = target ? document.createElement('a') : cell;
    holder.textContent = data.images[image];
    if (target) {
      holder.href = '#' + target;
      cell.append(holder);
    }
    return cell;
  }
  function row(image) {
    const line = document.createElement('tr');
    line.append(nameCell(image));
    const metric = data.metrics[state.metric];
    const figures = data.methods.map((name, m) => valueOf(image, m));
    const known = figures.filter((x, m) => x !== null && isShown(data.methods[m]));
    const best = known.length > 1 ? (metric.higher ? Math.max(...known) : Math.min(...known)) : null;
    const of = choice.thumbnails ? pictures.get(data.images[image]) : null;
    figures.forEach((figure, m) => {
      const cell = document.createElement('td');
      cell.hidden = !isShown(data.methods[m]);
      cell.textContent = figure === null ? '-' : figure.toFixed(metric.decimals);
      if (figure !== null && best !== null && cell.textContent === best.toFixed(metric.decimals)) cell.className = 'best';
      if (of && of.labels.has(data.methods[m])) cell.prepend(thumbnail(of, data.methods[m]));
      line.append(cell);
    });
    return line;
  }
  function draw() {
    if (state.column >= 0 && !isShown(data.methods[state.column])) Object.assign(state, { column: -1, ascending: true });
    const images = order();
    const shown = state.all ? images : images.slice(0, PAGE);
    table.tBodies[0].replaceChildren(...shown.map(row));
    more.hidden = shown.length === images.length;
    more.textContent = 'show all ' + images.length + ' images';
    [...table.tHead.rows[0].cells].forEach((cell, c) => {
      if (c > 0) cell.hidden = !isShown(data.methods[c - 1]);
      if (c - 1 === state.column) cell.setAttribute('aria-sort', state.ascending ? 'ascending' : 'descending');
      else cell.removeAttribute('aria-sort');
    });
  }

  const heads = ['image', ...data.methods].map((name, c) => {
    const head = document.createElement('th');
    head.scope = 'col';
    head.append(button(name, () => {
      state.ascending = state.column === c - 1 ? !state.ascending : true;
      state.column = c - 1;
      draw();
    }));
    return head;
  });
  table.createTHead().insertRow().append(...heads);
  table.createTBody();
  table.classList.add('sortable');
  data.metrics.forEach((metric, m) => select.append(new Option(metric.label + (metric.higher ? ' ↑' : ' ↓'), m)));
  select.addEventListener('change', () => {
    state.metric = Number(select.value);
    draw();
  });
  more.addEventListener('click', () => {
    state.all = true;
    draw();
  });
  document.addEventListener('choice', draw);
  draw();
}

document.querySelectorAll('.scores').forEach(scoreTable);
